/* The answers of a fitted blend: candidates of several models, what is said of each, a score, the best, and why.

   `recommend/candidates.py` says the same in NumPy, for one person at a time, and is what tests hold this against. */
#include <math.h>

#include "gather.h"

enum { DEPTH = 100 };                 /* touches of a history that are heard, at most: `links.DEPTH` */
enum { TILE = 16 };                   /* units of the ranker that are worked out at once; `units` is a multiple of it */
enum { SPOKEN = 4, KNOWN = 6 };       /* features of each slot, and of the product and the person */
enum { SHUT = 1, CLOSED = 2, NAMED = 4 }; /* marks of an item: for this person, for everybody, as a candidate */
#define SMALL 1e-3f

/* A slot is a model, or, after all of these, a model that is asked about the last touch alone. */
typedef struct {
  Matrix matrix; /* the rows of all models, one model's after the other's */
  int32_t models, slots, nominees, known, places, far, units;
  const int32_t *model, *fade_start; /* by slot: its model; where what a touch counts begins, and the end */
  const float *fade;                 /* what a touch counts, by how many came after it */
  const int32_t *popular;            /* `known` items, the most touched first */
  const float *fame;                 /* items x 3: features of each */
  const float *standing;             /* places x 2: what is said of a place in the order of a slot; `far` where there is none */
  const float *inner;                /* units / TILE x features x TILE: the weights of the ranker */
  const float *shift, *outer;        /* by unit */
  const float *least;                /* by unit, how little it may say: 0 where it is hidden, -inf where it goes straight to the score */
} Blend;

/* Histories as they are: products that came in after the fit are passed over. `again`: whether a product of the history may be a candidate. */
typedef struct {
  int64_t people;
  const int32_t *touched;
  const int64_t *touched_start; /* by person, and the end */
  const int32_t *shut;
  const int64_t *shut_start;
  const int32_t *closed;
  int64_t closed_many;
  int32_t k, again, page; /* page: what everybody touched last, where it was not their last touch anyway; -1: nothing */
} Asked;

/* Either the best, k places a person; or, where `candidate` is not NULL, all candidates in the order of their numbers, as many
   places a person as there may be. */
typedef struct {
  int32_t *item;
  float *score;
  int32_t *because; /* the touch that speaks for it most; -1: none */
  int32_t *many;    /* by person */
  int32_t *candidate;
  float *features;
  int32_t *candidates; /* by person */
} Answer;

typedef struct {
  Sums sums;
  uint8_t *mark;  /* by item; at nought between two answers */
  int32_t *rank;  /* by place: which of some products it is, from 1; at nought between two uses */
  Row *row;       /* those of the models before those about the last touch alone */
  int32_t rows, model_rows;
  int32_t touches;
  int32_t history[DEPTH]; /* the last touches, the last one last */
  Best best;
  int32_t *candidate, candidates;
  uint64_t *key, *spare;
  float *features, *score;
  double *said, *total; /* touches x chosen */
} Room;

static int32_t features_of(const Blend *blend) { return blend->slots * SPOKEN + KNOWN; }
static int32_t capacity_of(const Blend *blend) { return (blend->models + 1) * blend->nominees; }

static Room room_at(const Blend *blend, uintptr_t *at) {
  int64_t items = blend->matrix.items, rows = blend->fade_start[blend->slots], capacity = capacity_of(blend);
  int64_t entries = rows * blend->matrix.longest;
  int64_t places = 1 + (entries + capacity < items ? entries + capacity : items);
  Room room = {0};
  /* What must be at nought lies first. */
  room.sums.where = part(at, 4 * items);
  room.sums.total = part(at, 4 * places * blend->slots);
  room.mark = part(at, items);
  room.rank = part(at, 4 * places);
  room.sums.seen = part(at, 4 * places);
  room.sums.place = part(at, 4 * entries);
  room.sums.slots = blend->slots;
  room.row = part(at, (int64_t)sizeof(Row) * rows);
  room.candidate = part(at, 4 * capacity);
  room.best.key = part(at, 8 * capacity);
  room.key = part(at, 8 * capacity);
  room.spare = part(at, 8 * capacity);
  room.features = part(at, 4 * capacity * features_of(blend));
  room.score = part(at, 4 * capacity);
  room.said = part(at, 8 * DEPTH * capacity);
  room.total = part(at, 8 * DEPTH * capacity);
  return room;
}

static int within(const Blend *blend, int32_t item) { return (uint32_t)item < (uint32_t)blend->matrix.items; }

static void set(const Blend *blend, Room *room, const int32_t *item, int64_t many, uint8_t mark) {
  for (int64_t at = 0; at < many; at++)
    if (within(blend, item[at])) room->mark[item[at]] |= mark;
}

static void unset(const Blend *blend, Room *room, const int32_t *item, int64_t many) {
  for (int64_t at = 0; at < many; at++)
    if (within(blend, item[at])) room->mark[item[at]] &= CLOSED;
}

static void listen(const Blend *blend, const Asked *asked, int64_t person, Room *room) {
  const int32_t *touched = asked->touched + asked->touched_start[person];
  int64_t at = asked->touched_start[person + 1] - asked->touched_start[person];
  int32_t back[DEPTH], many = 0;
  while (at > 0 && !within(blend, touched[at - 1])) at--;
  if (within(blend, asked->page) && (!at || touched[at - 1] != asked->page)) back[many++] = asked->page;
  for (; at > 0 && many < DEPTH; at--)
    if (within(blend, touched[at - 1])) back[many++] = touched[at - 1];
  room->touches = many;
  while (many) room->history[room->touches - many] = back[many - 1], many--;
}

static int add_history(const Blend *blend, Room *room) {
  room->rows = 0;
  for (int32_t slot = 0; slot < blend->slots; slot++) {
    const float *fade = blend->fade + blend->fade_start[slot];
    int32_t heard = blend->fade_start[slot + 1] - blend->fade_start[slot];
    int64_t first = (int64_t)blend->model[slot] * blend->matrix.items;
    for (int32_t back = 0; back < heard && back < room->touches; back++) {
      int32_t touch = room->touches - 1 - back;
      room->row[room->rows++] = (Row){first + room->history[touch], 0, slot, touch, fade[back]};
    }
    if (slot == blend->models - 1) room->model_rows = room->rows;
  }
  return find(&blend->matrix, room->row, room->rows) || add_up(&blend->matrix, room->row, room->rows, &room->sums);
}

/* Smallest first. Runs are merged without a branch on what is compared, which no processor could foretell. */
static uint64_t *sorted(uint64_t *key, uint64_t *spare, int32_t many) {
  enum { RUN = 8 };
  for (int32_t first = 0; first < many; first += RUN)
    for (int32_t at = first + 1; at < many && at < first + RUN; at++) {
      uint64_t one = key[at];
      int32_t to = at;
      for (; to > first && key[to - 1] > one; to--) key[to] = key[to - 1];
      key[to] = one;
    }
  for (int32_t run = RUN; run < many; run *= 2) {
    for (int32_t first = 0; first < many; first += 2 * run) {
      int32_t left = first, middle = first + run < many ? first + run : many;
      int32_t right = middle, end = first + 2 * run < many ? first + 2 * run : many, to = first;
      while (left < middle && right < end) {
        int take = key[right] < key[left];
        spare[to++] = key[take ? right : left];
        right += take;
        left += !take;
      }
      while (left < middle) spare[to++] = key[left++];
      while (right < end) spare[to++] = key[right++];
    }
    uint64_t *swap = key;
    key = spare;
    spare = swap;
  }
  return key;
}

static void name(Room *room, int32_t item) {
  if (room->mark[item]) return;
  room->mark[item] = NAMED;
  room->candidate[room->candidates++] = item;
}

/* What each model would suggest, and what is most popular; in the order of their numbers. */
static void name_candidates(const Blend *blend, Room *room) {
  const Sums *sums = &room->sums;
  room->candidates = 0;
  room->best.most = blend->nominees;
  for (int32_t model = 0; model < blend->models; model++) {
    const float *total = sums->total + model;
    room->best.many = 0;
    float least = least_of(&room->best);
    for (int32_t place = 1; place <= sums->many; place++) {
      float value = total[(int64_t)place * sums->slots];
      if (value < least || room->mark[sums->seen[place]] & (SHUT | CLOSED)) continue;
      offer(&room->best, key_of(value, sums->seen[place]));
      least = least_of(&room->best);
    }
    for (int32_t at = 0; at < room->best.many; at++) name(room, item_of(room->best.key[at]));
  }
  for (int32_t at = 0, near = 0; at < blend->known && near < blend->nominees; at++) {
    if (room->mark[blend->popular[at]] & (SHUT | CLOSED)) continue;
    near++;
    name(room, blend->popular[at]);
  }
  for (int32_t at = 0; at < room->candidates; at++) room->key[at] = (uint64_t)room->candidate[at];
  const uint64_t *key = sorted(room->key, room->spare, room->candidates);
  for (int32_t at = 0; at < room->candidates; at++) room->candidate[at] = (int32_t)key[at];
}

/* The share of the highest, the place, and the value of what one slot says of each candidate. */
static void say_slot(const Blend *blend, Room *room, int32_t slot, float *features) {
  int32_t wide = features_of(blend), spoken = 0;
  const float silence = logf(SMALL), *far = blend->standing + 2 * blend->far;
  for (int32_t at = 0; at < room->candidates; at++) {
    int32_t place = room->sums.where[room->candidate[at]];
    float value = room->sums.total[(int64_t)place * blend->slots + slot];
    float *own = features + (int64_t)at * wide + slot * SPOKEN;
    own[0] = 0, own[1] = far[0], own[2] = far[1], own[3] = silence;
    if (value > 0) room->key[spoken++] = ~key_of(value, at);
  }
  const uint64_t *key = sorted(room->key, room->spare, spoken);
  float most = 0;
  for (int32_t rank = 0; rank < spoken; rank++) {
    int32_t at = item_of(~key[rank]);
    float value = room->sums.total[(int64_t)room->sums.where[room->candidate[at]] * blend->slots + slot];
    float *own = features + (int64_t)at * wide + slot * SPOKEN;
    if (!rank) most = value > 1e-30f ? value : 1e-30f;
    own[0] = value / most;
    own[1] = blend->standing[2 * rank], own[2] = blend->standing[2 * rank + 1];
    own[3] = logf(value + SMALL);
  }
}

/* By place of each of these products its number among them, from 1; nought: undone. */
static void number(Room *room, const int32_t *item, int32_t many, int32_t by) {
  for (int32_t at = 0; at < many; at++) room->rank[room->sums.where[item[at]]] = by * (at + 1);
}

/* How often the person touched each candidate, and how lately. */
static void say_touched(const Blend *blend, Room *room, float *features) {
  int32_t wide = features_of(blend);
  number(room, room->candidate, room->candidates, 1);
  for (int32_t touch = 0; touch < room->touches; touch++) {
    int32_t place = room->sums.where[room->history[touch]];
    if (!place || !room->rank[place]) continue;
    float *own = features + (int64_t)room->rank[place] * wide - 2;
    own[0] += 1;
    own[1] = 1.0f / (float)(room->touches - touch); /* of several the last stays */
  }
  for (int32_t at = 1; at <= room->candidates; at++) {
    float *often = features + (int64_t)at * wide - 2;
    if (*often > 0) *often = log1pf(*often);
  }
  number(room, room->candidate, room->candidates, 0);
}

static void say(const Blend *blend, Room *room, float *features) {
  int32_t wide = features_of(blend);
  float length = log1pf((float)room->touches);
  for (int32_t at = 0; at < room->candidates; at++) {
    place_of(&room->sums, room->candidate[at]); /* what is popular need not have been spoken of */
    float *own = features + (int64_t)at * wide + blend->slots * SPOKEN;
    memcpy(own, blend->fame + 3 * (int64_t)room->candidate[at], 3 * sizeof(float));
    own[3] = length, own[4] = 0, own[5] = 0;
  }
  for (int32_t slot = 0; slot < blend->slots; slot++) say_slot(blend, room, slot, features);
  say_touched(blend, room, features);
}

typedef float Four __attribute__((vector_size(16)));

/* The small network of `ranker.py`, sixteen of its units at a time. */
static void score(const Blend *blend, const Room *room, const float *features, float *to) {
  int32_t wide = features_of(blend);
  for (int32_t at = 0; at < room->candidates; at++) {
    const float *own = features + (int64_t)at * wide;
    float sum = 0;
    for (int32_t tile = 0; tile < blend->units; tile += TILE) {
      const float *weight = blend->inner + (int64_t)tile * wide;
      Four unit[TILE / 4], part;
      memcpy(unit, blend->shift + tile, sizeof unit);
      for (int32_t one = 0; one < wide; one++, weight += TILE)
        for (int32_t four = 0; four < TILE / 4; four++) {
          memcpy(&part, weight + 4 * four, sizeof part);
          unit[four] += own[one] * part;
        }
      for (int32_t one = 0; one < TILE; one++) {
        float said = unit[one / 4][one % 4];
        sum += blend->outer[tile + one] * (said > blend->least[tile + one] ? said : blend->least[tile + one]);
      }
    }
    to[at] = sum;
  }
}

/* For each of the chosen the touch that speaks for it most, over all models, each beside the most that it says. */
static void explain(const Blend *blend, Room *room, const int32_t *chosen, int32_t many, int32_t *because) {
  int32_t last[DEPTH], cells = room->touches * many;
  for (int32_t touch = 0; touch < room->touches; touch++)  /* of several touches of a product the last stands for it */
    for (int32_t later = last[touch] = touch; later < room->touches; later++)
      if (room->history[later] == room->history[touch]) last[touch] = later;
  memset(room->total, 0, sizeof(double) * (size_t)cells);
  number(room, chosen, many, 1);
  const int32_t *place = room->sums.place;
  for (int32_t at = 0; at < room->model_rows;) {
    int32_t slot = room->row[at].slot;
    memset(room->said, 0, sizeof(double) * (size_t)cells);
    for (; at < room->model_rows && room->row[at].slot == slot; at++) {
      const Row *row = room->row + at;
      double *said = room->said + (int64_t)last[row->touch] * many - 1;
      for (int32_t entry = 0; entry < row->length; entry++) {
        int32_t rank = room->rank[*place++];
        if (rank) said[rank] += blend->matrix.value[row->first + entry] * row->weight;
      }
    }
    double most = 1e-9;
    for (int32_t cell = 0; cell < cells; cell++) most = room->said[cell] > most ? room->said[cell] : most;
    for (int32_t cell = 0; cell < cells; cell++) room->total[cell] += room->said[cell] / most;
  }
  number(room, chosen, many, 0);
  for (int32_t at = 0; at < many; at++) {
    double loudest = 0;
    because[at] = -1;
    for (int32_t touch = 0; touch < room->touches; touch++)
      if (room->total[(int64_t)touch * many + at] > loudest) {
        loudest = room->total[(int64_t)touch * many + at];
        because[at] = room->history[touch];
      }
  }
}

static void choose(const Blend *blend, const Asked *asked, Room *room, int64_t person, const Answer *answer) {
  room->best.many = 0;
  room->best.most = asked->k < capacity_of(blend) ? asked->k : capacity_of(blend);
  for (int32_t at = 0; at < room->candidates; at++) offer(&room->best, key_of(room->score[at], at));
  in_order(&room->best);
  int32_t *item = answer->item + person * asked->k;
  for (int32_t at = 0; at < room->best.many; at++) {
    int32_t candidate = item_of(room->best.key[at]);
    item[at] = room->candidate[candidate];
    answer->score[person * asked->k + at] = room->score[candidate];
  }
  explain(blend, room, item, room->best.many, answer->because + person * asked->k);
  answer->many[person] = room->best.many;
}

static int answer_one(const Blend *blend, const Asked *asked, int64_t person, Room *room, const Answer *answer) {
  int64_t first = person * capacity_of(blend);
  listen(blend, asked, person, room);
  if (add_history(blend, room)) return DAMAGED;
  name_candidates(blend, room);
  if (answer->candidate) {
    memcpy(answer->candidate + first, room->candidate, sizeof(int32_t) * (size_t)room->candidates);
    answer->candidates[person] = room->candidates;
    say(blend, room, answer->features + first * features_of(blend));
    return DONE;
  }
  say(blend, room, room->features);
  score(blend, room, room->features, room->score);
  choose(blend, asked, room, person, answer);
  return DONE;
}

/* How many bytes `detak_blend_answer` works in, at nought when they are first handed over, and then left as it leaves them. */
PUBLIC int64_t detak_blend_room(const Blend *blend) {
  uintptr_t at = 0;
  room_at(blend, &at);
  return (int64_t)at;
}

PUBLIC int detak_blend_answer(const Blend *blend, const Asked *asked, void *bytes, const Answer *answer) {
  uintptr_t at = (uintptr_t)bytes;
  Room room = room_at(blend, &at);
  int found = DONE;
  set(blend, &room, asked->closed, asked->closed_many, CLOSED);
  for (int64_t person = 0; person < asked->people && found == DONE; person++) {
    const int32_t *shut = asked->shut + asked->shut_start[person];
    int64_t shuts = asked->shut_start[person + 1] - asked->shut_start[person];
    const int32_t *touched = asked->touched + asked->touched_start[person];
    int64_t touches = asked->again ? 0 : asked->touched_start[person + 1] - asked->touched_start[person];
    set(blend, &room, shut, shuts, SHUT);
    set(blend, &room, touched, touches, SHUT);
    set(blend, &room, &asked->page, !asked->again, SHUT);
    room.candidates = 0;
    found = answer_one(blend, asked, person, &room, answer);
    unset(blend, &room, shut, shuts);
    unset(blend, &room, touched, touches);
    unset(blend, &room, &asked->page, 1);
    unset(blend, &room, room.candidate, room.candidates);
    forget(&room.sums);
  }
  for (int64_t one = 0; one < asked->closed_many; one++)
    if (within(blend, asked->closed[one])) room.mark[asked->closed[one]] = 0;
  return found;
}
