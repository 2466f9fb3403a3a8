// Keeps the parts of a page that are marked data-live up to date, by asking for the page again and taking them out of
// it. Without this script a page is as true as when it was loaded. The answer is the same as a person would get:
// when it is anything but the page (signed out, a login too old, a store away) nothing is asked any more, so that a
// console left open keeps no session alive.

const EVERY = 5000

const regions = [...document.querySelectorAll('[data-live]')]
const control = document.querySelector('[data-live-control]')
let state = 'on' // or 'off', when paused, or 'lost'
let isAsking = false
let timer

function become(next) {
  state = next
  control.textContent = control.dataset[state]
  control.setAttribute('aria-pressed', String(state !== 'on'))
}

function isInUse(region) {
  return region.contains(document.activeElement)
}

async function refresh() {
  const answer = await fetch(location.href, {redirect: 'manual', cache: 'no-store', headers: {Accept: 'text/html'}})
  if (!answer.ok) throw new Error(String(answer.status))
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  for (const region of regions) {
    const fresh = page.getElementById(region.id)
    if (fresh && fresh.innerHTML !== region.innerHTML && !isInUse(region)) region.replaceChildren(...fresh.childNodes)
  }
}

async function tick() {
  clearTimeout(timer)
  if (state === 'on' && !document.hidden && !isAsking) {
    isAsking = true
    try {
      await refresh()
    } catch {
      // Without a network it is worth another try; any other answer is one.
      if (navigator.onLine) become('lost')
    } finally {
      isAsking = false
    }
  }
  if (state !== 'lost') timer = setTimeout(tick, EVERY)
}

function press() {
  if (state === 'lost') return location.reload()
  become(state === 'on' ? 'off' : 'on')
  tick()
}

if (regions.length && control) {
  control.hidden = false
  control.addEventListener('click', press)
  document.addEventListener('visibilitychange', tick)
  become('on')
  timer = setTimeout(tick, EVERY)
}
