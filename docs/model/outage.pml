/* Claim: while the center is away for less than MAX_STALENESS - POLLING ticks, a signed-in user is served.
   See ../model.md. Unlike in bound.pml time presses here: a poll is made when it is due, and is answered within
   its tick while the center is up. With TOO_LONG the outage lasts one tick more; the assertion must then fail. */

#define POLLING 4
#define MAX_STALENESS (3 * POLLING)
#ifdef TOO_LONG
#define LONGEST (MAX_STALENESS - POLLING)
#else
#define LONGEST (MAX_STALENESS - POLLING - 1)
#endif

byte age;            /* since the question of the latest answer was sent */
byte waited;         /* since the latest poll, answered or not */
byte away;           /* ticks of the outage so far */
bit is_up = 1;
bit may_fail = 1;    /* one outage at a time: the next may begin when a poll was answered */

/* An outage may begin or end between any two steps of a tick. */
inline world() {
  if
  :: is_up && may_fail -> is_up = 0; may_fail = 0; away = 0
  :: !is_up -> is_up = 1
  :: away <= LONGEST || is_up
  fi
}

inline poll_when_due() {
  if
  :: waited >= POLLING ->
     waited = 0;
     if :: is_up -> age = 0; may_fail = 1 :: else fi
  :: else
  fi
}

/* A request with a cookie that is good by the view: in memory while that is fresh, else the center is asked. */
inline serve() { assert(age < MAX_STALENESS || is_up) }

inline tick() {
  age = (age < MAX_STALENESS -> age + 1 : age);
  waited++;
  away = (is_up -> 0 : away + 1)
}

active proctype Site_and_center() {
end:
  do
  :: atomic { world(); poll_when_due(); world(); serve(); tick() }
  od
}
