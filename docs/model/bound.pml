/* Claim: a revoked session is accepted by no site later than MAX_STALENESS ticks after its ending was
   acknowledged, whatever is lost, delayed, restarted, forked, forgotten or restored. See ../model.md.

   Nothing forces anyone to act: a tick may pass before any step, so that every delay is covered. Ages stop
   where nothing tells them apart any more; that keeps the states finite without an end of time.

   Each switch takes one mechanism out; the assertion must then fail:

   FROM_RECEIPT         an answer counts from its receipt instead of from the sending of its question
   RESTAMP_AT_RECEIPT   good_at is the view's high when the answer came, not when its question was sent
   NO_LOW               start-up and a full view forget what they knew and leave low where it was
   STREAM_MAKES_FRESH   an event of the stream makes the view fresh
   TOLD_BEFORE_APPLIED  a position is told before what stands there was applied to Redis
   NO_REPLAY            a Redis that came back is trusted without the journal
   SAME_LINEAGE         a restored SQL store keeps its lineage */

#ifndef MAX_STALENESS
#define MAX_STALENESS 3
#endif
#define ENTRIES 2     /* the journal's length in one lineage: the ending, and one entry of somebody else */
#define NONE 0        /* no question is under way */
#define SENT 1
#define ANSWERED 2   /* ... and the answer, if it is "alive" where that was asked */
#define NO_LINEAGE 3  /* a process that knows no position yet */

/* The center: SQL and Redis. */
byte lineage, head;        /* the journal: entries 1..head of this lineage */
byte ending_at;            /* the ending's number in the journal of this lineage; 0: not recorded */
bit is_applied;            /* the ending was applied to Redis after it was recorded */
bit is_closed;             /* what Redis says of the session */
bit is_trusted = 1;        /* Redis may answer: the journal was applied since it started */
bit is_acknowledged;
byte since;                /* ticks since the acknowledgement */

/* A cookie says good_at, a place (lineage, number). Any that was ever given may come with any request. */
bit given[6];
#define PLACE(lineage, number) ((lineage) * 3 + (number))

/* One process of a site. */
typedef Process {
  byte lineage = NO_LINEAGE, low, high;
  bit is_told;                  /* the ending stands in the view */
  byte age = MAX_STALENESS;     /* since the question of the latest answer was sent */
  byte proved = MAX_STALENESS;  /* since the question was sent that was answered "alive" */
  byte poll, poll_age, after_lineage, after, told_lineage, told_high;
  bit is_whole, has_ending;
  byte check, check_age, check_lineage, check_high;
  bit check_told                /* the check was sent after the ending was heard of */
};
Process me;

#define older(age) age = (age < MAX_STALENESS -> age + 1 : age)

/* What is not known any more must not be taken for "nothing happened". */
inline forget_view() {
#ifndef NO_LOW
  me.low = me.high;
#endif
  me.is_told = 0
}

inline drop_poll() {
  me.poll = NONE; me.poll_age = 0; me.after_lineage = 0; me.after = 0;
  me.told_lineage = 0; me.told_high = 0; me.is_whole = 0; me.has_ending = 0
}

inline drop_check() {
  me.check = NONE; me.check_age = 0; me.check_lineage = 0; me.check_high = 0; me.check_told = 0
}

/* ---- the center ---- */

active proctype Logout() {
  is_closed = 1;
  /* Somebody else's entry may come before ours, or later; Redis may lose the closing in between. */
  if
  :: d_step { ending_at == 0 && head < ENTRIES -> head++; ending_at = head }
  :: ending_at != 0           /* a restored store was cut off meanwhile */
  fi;
  atomic { is_trusted -> is_closed = 1; is_applied = 1 }
  d_step { if :: !is_acknowledged -> is_acknowledged = 1; since = 0 :: else fi }
}

active proctype Others() {
  d_step { head < ENTRIES && (ending_at != 0 || head == 0) -> head++ }
}

/* Redis dies and comes back without its last writes; it answers nothing until the journal was applied. */
active proctype Redis() {
  d_step { is_trusted -> is_closed = 0; is_applied = 0; is_trusted = 0 };
  d_step {
#ifndef NO_REPLAY
    if :: ending_at != 0 -> is_closed = 1; is_applied = 1 :: else fi;
#endif
    is_trusted = 1
  }
}

/* SQL comes back as it was before everything, and `doctor --restore` cuts everyone off in it. */
active proctype Restore() {
  d_step {
    is_trusted ->
#ifndef SAME_LINEAGE
    lineage = 1;
#endif
    head = 1; ending_at = 1; is_closed = 1; is_applied = 1;
    if :: !is_acknowledged -> is_acknowledged = 1; since = 0 :: else fi
  }
}

/* ---- time ---- */

active proctype Clock() {
end:
  do
  :: d_step {
       since = (is_acknowledged && since <= MAX_STALENESS -> since + 1 : since);
       older(me.age);
       older(me.proved);
       if :: me.poll != NONE -> older(me.poll_age) :: else fi;
       if :: me.check != NONE -> older(me.check_age) :: else fi
     }
  od
}

/* ---- the sites ---- */

#ifdef TOLD_BEFORE_APPLIED
#define may_tell true
#else
#define may_tell (ending_at == 0 || is_applied)
#endif

/* Every other process: whatever it knows, it asked while some place that was told was its high. */
active proctype Others_cookies() {
end:
  do
  :: d_step { is_trusted && !is_closed && may_tell && !given[PLACE(lineage, head)] ->
       given[PLACE(lineage, head)] = 1 }
  od
}

active proctype Site() {
end:
  do
  /* The question to the feed, its answer at the center, and the receipt, however much later. */
  :: d_step { me.poll == NONE ->
       me.poll = SENT; me.after_lineage = me.lineage; me.after = me.high }
  :: d_step { me.poll == SENT && may_tell ->
       me.poll = ANSWERED; me.told_lineage = lineage; me.told_high = head;
       me.is_whole = (me.after_lineage == lineage && me.after <= head);
       me.has_ending = (ending_at > me.after && ending_at <= head);
       me.after_lineage = 0; me.after = 0 }
  :: d_step { me.poll == ANSWERED ->
       if
       :: me.is_whole ->
          me.high = me.told_high; me.is_told = (me.is_told || me.has_ending)
       :: else ->
          me.lineage = me.told_lineage; me.high = me.told_high; forget_view()
       fi;
#ifdef FROM_RECEIPT
       me.age = 0;
#else
       me.age = me.poll_age;
#endif
       drop_poll() }
  :: d_step { me.poll != NONE -> drop_poll() }       /* the question or the answer is lost */

  /* An event of the stream: late, or twice, or never. It moves neither high nor freshness. */
  :: d_step { ending_at != 0 && may_tell && me.lineage == lineage && !me.is_told && ending_at > me.low ->
       me.is_told = 1 }
#ifdef STREAM_MAKES_FRESH
  :: d_step { head > 0 && me.lineage == lineage && me.age > 0 -> me.age = 0 }
#endif

  /* Redeeming a code, or a check: is it alive? */
  :: d_step { me.check == NONE ->
       me.check = SENT; me.check_lineage = me.lineage; me.check_high = me.high; me.check_told = me.is_told }
  :: d_step { me.check == SENT && is_trusted -> if :: !is_closed -> me.check = ANSWERED :: else -> drop_check() fi }
  :: d_step { me.check == ANSWERED ->
#ifdef FROM_RECEIPT
       me.proved = 0;
#else
       me.proved = me.check_age;
#endif
       /* The latest knowledge wins: the center is believed against what was heard before it was asked. */
       if :: me.check_told -> me.is_told = 0 :: else fi;
#ifdef RESTAMP_AT_RECEIPT
       me.check_lineage = me.lineage; me.check_high = me.high;
#endif
       if
       :: me.check_lineage != NO_LINEAGE -> given[PLACE(me.check_lineage, me.check_high)] = 1
       :: else
       fi;
       drop_check() }
  :: d_step { me.check != NONE -> drop_check() }

  /* The process starts anew; its view is full; it is a fork's child, without what was under way. */
  :: d_step { me.age = MAX_STALENESS; me.proved = MAX_STALENESS; me.is_told = 0; drop_poll(); drop_check();
#ifndef NO_LOW
       me.lineage = NO_LINEAGE; me.low = 0; me.high = 0
#endif
     }
  :: d_step { me.is_told || me.low < me.high -> forget_view() }
  :: d_step { forget_view(); drop_poll(); drop_check() }

  /* A browser's request, with any cookie that was ever given: too late to be accepted by any rule? */
  :: d_step { is_acknowledged && since > MAX_STALENESS && !me.is_told ->
       assert(me.proved == MAX_STALENESS);
       if
       :: me.age < MAX_STALENESS && me.lineage != NO_LINEAGE ->
          assert(!given[PLACE(me.lineage, 2)]);
          assert(me.low > 1 || !given[PLACE(me.lineage, 1)]);
          assert(me.low > 0 || !given[PLACE(me.lineage, 0)])
       :: else
       fi }
  od
}
