/* The answers of a fitted blend: candidates of several models, what is said of each, a score, the best, and why.

   `recommend/candidates.py` says the same in NumPy, for one person at a time, and is what tests hold this against. */
#include "blend.h"

#include <float.h>
#include <math.h>

static void listen(const Blend *blend, const Asked *asked, List history, Room *room) {
  int32_t back[DEPTH], many = 0;
  int64_t at = history.many;
  while (at > 0 && !within(&blend->matrix, history.item[at - 1])) at--;
  if (within(&blend->matrix, asked->page) && (!at || history.item[at - 1] != asked->page)) back[many++] = asked->page;
  for (; at > 0 && many < DEPTH; at--)
    if (within(&blend->matrix, history.item[at - 1])) back[many++] = history.item[at - 1];
  room->touches = many;
  for (int32_t touch = 0; touch < many; touch++) room->history[touch] = back[many - 1 - touch];
}

static void name(Room *room, int32_t item) {
  if (room->mark[item]) return;
  room->mark[item] = NAMED;
  room->candidate[room->candidates++] = item;
}

/* What a model would suggest, of what it spoke of. */
static void name_best(const Blend *blend, Room *room, int32_t model, const int32_t *place, int32_t many) {
  const float *total = room->total + model * room->stride;
  start(&room->best, blend->nominees, FLT_TRUE_MIN);
  for (int32_t at = 0; at < many; at++) {
    int32_t here = place[at], item = room->places.seen[here];
    if (!(total[here] >= room->best.least) || room->met[here] == model + 1 || room->mark[item] & (SHUT | CLOSED)) continue;
    room->met[here] = (uint8_t)(model + 1);
    offer(&room->best, total[here], item);
  }
  sort_out(&room->best);
  for (int32_t at = 0; at < room->best.many; at++) name(room, number_of(room->best.key[at]));
}

static void find_rows(const Blend *blend, Room *room) {
  room->rows = 0;
  for (int32_t slot = 0; slot < blend->slots; slot++) {
    const float *fade = blend->fade + blend->fade_start[slot];
    int32_t heard = blend->fade_start[slot + 1] - blend->fade_start[slot];
    int64_t first = (int64_t)blend->model[slot] * blend->matrix.items;
    for (int32_t back = 0; back < heard && back < room->touches; back++) {
      int32_t touch = room->touches - 1 - back;
      room->row[room->rows++] = (Row){first + room->history[touch], 0, slot, touch, fade[back]};
    }
  }
}

/* What each slot says, and which candidates the models name. */
static int hear(const Blend *blend, Room *room) {
  find_rows(blend, room);
  if (find(&blend->matrix, room->row, room->rows)) return DAMAGED;
  int32_t *place = room->place;
  for (int32_t from = 0, to; from < room->rows; from = to) {
    int32_t slot = room->row[from].slot;
    for (to = from; to < room->rows && room->row[to].slot == slot;) to++;
    float *total = room->total + slot * room->stride;
    int32_t many = add_up(&blend->matrix, room->row, from, to, room->rows, &room->places, total, place);
    if (many < 0) return DAMAGED;
    if (slot < blend->models) name_best(blend, room, slot, place, many);
    place += many;
  }
  return DONE;
}

/* With what is most popular, in the order of their numbers. */
static void list_candidates(const Blend *blend, Room *room) {
  for (int32_t at = 0, near = 0; at < blend->known && near < blend->nominees; at++) {
    if (room->mark[blend->popular[at]] & (SHUT | CLOSED)) continue;
    near++;
    name(room, blend->popular[at]);
  }
  uint64_t *key = room->best.key;
  for (int32_t at = 0; at < room->candidates; at++) key[at] = (uint64_t)room->candidate[at];
  key = sorted(key, room->best.spare, room->candidates);
  for (int32_t at = 0; at < room->candidates; at++) {
    room->candidate[at] = (int32_t)key[at];
    room->spot[at] = place_of(&room->places, room->candidate[at]); /* what is popular need not have been spoken of */
  }
}

/* By value how many are higher, or as high and before it. To compare each pair once is quicker than to sort: there is no branch. */
WIDE static void stand(const float *restrict value, int32_t many, int32_t *restrict place) {
  for (int32_t one = 0; one < many; one++) {
    int32_t ahead = 0;
    for (int32_t other = 0; other < one; other++) {
      int32_t first = value[other] >= value[one];
      ahead += first;
      place[other] += 1 - first;
    }
    place[one] = ahead;
  }
}

/* The share of the highest, the place, and the value (and a little) of what one slot says of each candidate. */
static void say_slot(const Blend *blend, Room *room, int32_t slot, float *features) {
  const int32_t wide = features_of(blend);
  const float *total = room->total + slot * room->stride, *far = blend->standing + 2 * blend->far;
  const float silence[SPOKEN] = {0, far[0], far[1], SMALL};
  float most = 1e-30f;
  int32_t many = 0;
  features += slot * SPOKEN;
  for (int32_t at = 0; at < room->candidates; at++) {
    float value = total[room->spot[at]];
    memcpy(features + (int64_t)at * wide, silence, sizeof silence);
    room->speaking[many] = at;
    room->value[many] = value;
    many += value > 0;
    most = value > most ? value : most;
  }
  stand(room->value, many, room->standing);
  for (int32_t one = 0; one < many; one++) {
    float *own = features + (int64_t)room->speaking[one] * wide, value = room->value[one];
    const float *place = blend->standing + 2 * room->standing[one];
    own[0] = value / most;
    own[1] = place[0], own[2] = place[1];
    own[3] = value + SMALL;
  }
}

/* By place of each of these products its number among them, from 1; nought: undone. */
static void number(Room *room, const int32_t *item, int32_t many, int32_t by) {
  for (int32_t at = 0; at < many; at++) room->rank[room->places.where[item[at]]] = by * (at + 1);
}

/* How often the person touched each candidate, and how lately. */
static void say_touched(const Blend *blend, Room *room, float *features) {
  int32_t wide = features_of(blend);
  number(room, room->candidate, room->candidates, 1);
  for (int32_t touch = 0; touch < room->touches; touch++) {
    int32_t place = room->places.where[room->history[touch]];
    if (!place || !room->rank[place]) continue;
    float *own = features + (int64_t)room->rank[place] * wide - 2;
    own[0] += 1;
    own[1] = 1.0f / (float)(room->touches - touch); /* of several the last stays */
  }
  number(room, room->candidate, room->candidates, 0);
}

static void say(const Blend *blend, Room *room, float *features) {
  int32_t wide = features_of(blend);
  for (int32_t at = 0; at < room->candidates; at++) {
    float *own = features + (int64_t)at * wide + blend->slots * SPOKEN;
    memcpy(own, blend->fame + 3 * (int64_t)room->candidate[at], 3 * sizeof(float));
    own[3] = (float)room->touches, own[4] = 0, own[5] = 0;
  }
  for (int32_t slot = 0; slot < blend->slots; slot++) say_slot(blend, room, slot, features);
  say_touched(blend, room, features);
}

/* Of what is said as it is, the logarithms that the ranker knows. */
static void take_logarithms(const Blend *blend, const Room *room, float *features) {
  int32_t wide = features_of(blend), known = blend->slots * SPOKEN;
  const float silence = logf(SMALL), length = log1pf((float)room->touches);
  for (int32_t at = 0; at < room->candidates; at++, features += wide) {
    for (int32_t one = SPOKEN - 1; one < known; one += SPOKEN)
      features[one] = features[one] == SMALL ? silence : logf(features[one]);
    features[known + 3] = length;
    if (features[known + 4] > 0) features[known + 4] = log1pf(features[known + 4]);
  }
}

typedef float Eight __attribute__((vector_size(32)));

/* The small network of `ranker.py`, sixteen of its units at a time. */
WIDE static void score(const Blend *blend, const Room *room, const float *features, float *to) {
  int32_t wide = features_of(blend);
  for (int32_t at = 0; at < room->candidates; at++) {
    const float *own = features + (int64_t)at * wide;
    float sum = 0;
    for (int32_t tile = 0; tile < blend->units; tile += TILE) {
      const float *weight = blend->inner + (int64_t)tile * wide;
      Eight unit[TILE / 8], part;
      memcpy(unit, blend->shift + tile, sizeof unit);
      for (int32_t one = 0; one < wide; one++, weight += TILE)
        for (int32_t eight = 0; eight < TILE / 8; eight++) {
          memcpy(&part, weight + 8 * eight, sizeof part);
          unit[eight] += own[one] * part;
        }
      for (int32_t one = 0; one < TILE; one++) {
        float said = unit[one / 8][one % 8];
        sum += blend->outer[tile + one] * (said > blend->least[tile + one] ? said : blend->least[tile + one]);
      }
    }
    to[at] = sum;
  }
}

/* For each of the chosen the touch that speaks for it most, over all models, each beside the most that it says. */
static void explain(const Blend *blend, Room *room, const int32_t *chosen, int32_t many, int32_t *because) {
  int32_t last[DEPTH], cells = room->touches * many;
  for (int32_t touch = 0; touch < room->touches; touch++) /* of several touches of a product the last stands for it */
    for (int32_t later = last[touch] = touch; later < room->touches; later++)
      if (room->history[later] == room->history[touch]) last[touch] = later;
  memset(room->sum, 0, sizeof(double) * (size_t)cells);
  number(room, chosen, many, 1);
  const int32_t *place = room->place;
  for (int32_t at = 0; at < room->rows && room->row[at].slot < blend->models;) {
    int32_t slot = room->row[at].slot;
    memset(room->said, 0, sizeof(double) * (size_t)cells);
    for (; at < room->rows && room->row[at].slot == slot; at++) {
      const Row *row = room->row + at;
      double *said = room->said + (int64_t)last[row->touch] * many;
      for (int32_t entry = 0; entry < row->length; entry++) {
        int32_t rank = room->rank[*place++];
        if (rank) said[rank - 1] += blend->matrix.value[row->first + entry] * row->weight;
      }
    }
    double most = 1e-9;
    for (int32_t cell = 0; cell < cells; cell++) most = room->said[cell] > most ? room->said[cell] : most;
    for (int32_t cell = 0; cell < cells; cell++) room->sum[cell] += room->said[cell] / most;
  }
  number(room, chosen, many, 0);
  for (int32_t at = 0; at < many; at++) {
    double loudest = 0;
    because[at] = -1;
    for (int32_t touch = 0; touch < room->touches; touch++)
      if (room->sum[(int64_t)touch * many + at] > loudest) {
        loudest = room->sum[(int64_t)touch * many + at];
        because[at] = room->history[touch];
      }
  }
}

static void choose(const Blend *blend, Room *room, int64_t first, int32_t k, const Answer *answer) {
  start(&room->best, k < capacity_of(blend) ? k : capacity_of(blend), -INFINITY);
  for (int32_t at = 0; at < room->candidates; at++)
    if (room->score[at] >= room->best.least) offer(&room->best, room->score[at], at);
  in_order(&room->best);
  for (int32_t at = 0; at < room->best.many; at++) {
    int32_t candidate = number_of(room->best.key[at]);
    answer->item[first + at] = room->candidate[candidate];
    answer->score[first + at] = room->score[candidate];
  }
  explain(blend, room, answer->item + first, room->best.many, answer->because + first);
}

/* What is closed to one person alone, or open again. */
static void mark_own(const Blend *blend, const Asked *asked, int64_t person, Room *room, uint8_t kept, uint8_t by) {
  List touched = list(asked, person), page = {&asked->page, 1};
  mark(&blend->matrix, room->mark, list(asked, asked->people + person), kept, by);
  if (asked->again) return;
  mark(&blend->matrix, room->mark, touched, kept, by);
  mark(&blend->matrix, room->mark, page, kept, by);
}

static void clear(const Blend *blend, const Asked *asked, int64_t person, Room *room) {
  size_t many = (size_t)room->places.many + 1;
  mark_own(blend, asked, person, room, CLOSED, 0);
  mark(&blend->matrix, room->mark, (List){room->candidate, room->candidates}, CLOSED, 0);
  for (int32_t slot = 0; slot < blend->slots; slot++) memset(room->total + slot * room->stride, 0, sizeof(float) * many);
  memset(room->met, 0, many);
  forget(&room->places);
}

/* By person, one of the two: the best, or all that is told. */
static int answer_one(const Blend *blend, const Asked *asked, int64_t person, Room *room, const Answer *answer, const Told *told) {
  int64_t first = person * capacity_of(blend);
  listen(blend, asked, list(asked, person), room);
  if (hear(blend, room)) return DAMAGED;
  list_candidates(blend, room);
  if (told) {
    say(blend, room, told->features + first * features_of(blend));
    memcpy(told->item + first, room->candidate, sizeof(int32_t) * (size_t)room->candidates);
    told->many[person] = room->candidates;
    return DONE;
  }
  say(blend, room, room->features);
  take_logarithms(blend, room, room->features);
  score(blend, room, room->features, room->score);
  choose(blend, room, person * asked->k, asked->k, answer);
  answer->many[person] = room->best.many;
  return DONE;
}

static int answer_all(const Blend *blend, const Asked *asked, void *bytes, const Answer *answer, const Told *told) {
  uintptr_t at = (uintptr_t)bytes;
  Room room = room_at(blend, &at);
  List closed = list(asked, 2 * asked->people);
  int found = DONE;
  mark(&blend->matrix, room.mark, closed, CLOSED, CLOSED);
  for (int64_t person = 0; person < asked->people && found == DONE; person++) {
    room.candidates = 0;
    mark_own(blend, asked, person, &room, SHUT | CLOSED, SHUT);
    found = answer_one(blend, asked, person, &room, answer, told);
    clear(blend, asked, person, &room);
  }
  mark(&blend->matrix, room.mark, closed, 0, 0);
  return found;
}

/* How many bytes the two below work in: nought when they are first handed over, then left as they leave them. */
PUBLIC int64_t detak_blend_room(const Blend *blend) {
  uintptr_t at = 0;
  room_at(blend, &at);
  return (int64_t)at;
}

PUBLIC int detak_blend_answer(const Blend *blend, const Asked *asked, void *bytes, const Answer *answer) {
  return answer_all(blend, asked, bytes, answer, NULL);
}

PUBLIC int detak_blend_told(const Blend *blend, const Asked *asked, void *bytes, const Told *told) {
  return answer_all(blend, asked, bytes, NULL, told);
}
