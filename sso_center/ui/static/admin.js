// Keeps the parts of a page that are marked data-live up to date, by asking for the page again and taking them out of
// it. Without this script a page is as true as when it was loaded. The answer is the same as a person would get:
// when it is anything but the page (signed out, a login too old, a store away) nothing is replaced any more.

const EVERY = 5000

const regions = [...document.querySelectorAll('[data-live]')]
const control = document.querySelector('[data-live-control]')
let isPaused = false

function say(state) {
  control.textContent = control.dataset[state]
  control.setAttribute('aria-pressed', String(isPaused))
}

function isInUse(region) {
  return region.contains(document.activeElement) && document.activeElement !== document.body
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
  if (!isPaused && !document.hidden) {
    try {
      await refresh()
      say('on')
    } catch {
      say('lost')
      if (!navigator.onLine) return setTimeout(tick, EVERY)
      isPaused = true
      return
    }
  }
  setTimeout(tick, EVERY)
}

if (regions.length && control) {
  control.hidden = false
  control.addEventListener('click', () => {
    const wasLost = control.textContent === control.dataset.lost
    if (wasLost) return location.reload()
    isPaused = !isPaused
    say(isPaused ? 'off' : 'on')
  })
  say('on')
  setTimeout(tick, EVERY)
}
