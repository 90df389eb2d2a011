/* Pages: the most valuable shelf first, no product twice, no category over all; now and then another shelf on top.

   `decide/page.py` and `decide/exploring.py` say the same in Python, and are what tests hold this against: whatever is added
   up is added in the same order, so the pages are the same. */
#ifndef DETAK_PAGES_H
#define DETAK_PAGES_H

#include "gather.h"

static const double SEEN = 0.93, ROUNDED = 1 + 1e-9, AT_MOST = 0.5 * (1 + 1e-9); /* as in Python */

/* Scored products, shelf after shelf, each best first. */
typedef struct {
  const int64_t *product;
  const double *score;
  const int32_t *category; /* -1: none is known */
  const int32_t *end;      /* by shelf: the row behind its last; it begins where the one before ends */
  const int32_t *name;     /* by shelf: those of one name are one where a page is made longer */
  const uint8_t *common;   /* by shelf: whether it lacks what is there for the visitor */
} Rows;

/* One placement. Lists are places in the arrays of `Orders`, from the first to before the end. */
typedef struct {
  int32_t question, k;
  int32_t shelf, shelf_end;
  int32_t theirs, theirs_end; /* products there for the visitor */
  int32_t shut, shut_end;     /* products not to be shown */
  int32_t pin, pin_end;
  int32_t layout; /* for none of its pins shown; behind it for one, two, ... */
  int32_t first;  /* where its rows go */
} Place;

typedef struct {
  int64_t places; /* those of a question side by side */
  const Place *place;
  const double *tried; /* by place: share of pages with another top, how much less such a page may be worth, the lot; < 0: none is drawn */
  const int32_t *shelf;
  const int64_t *theirs, *shut;
  const int32_t *pin_at, *pin_row;
  const int32_t *size, *most; /* by layout: products of a shelf, and of a category */
} Orders;

typedef struct {
  int32_t *row;
  int32_t *many;    /* by place */
  uint8_t *variant; /* by place: 1 where another shelf stands on top */
  double *chance;   /* by place */
} Drawn;

/* What is known of a product, by the number of the question or the place that it holds for. */
typedef struct {
  int64_t product;
  int32_t question, shown, used, theirs;
} Mark;

typedef struct {
  double score;
  int32_t first, end, shelf;
} Left;

typedef struct {
  Mark *mark;
  uint64_t mask;
  int32_t *kept; /* the rows that the shelves of the place have */
  Left *shelf, *left;
  int32_t *kind, *count, *kinds, *counts, kinds_many; /* of the page so far; and with what is being picked */
  int32_t *picked, *best;
  int32_t *slate, *of; /* the rows of the page, and which shelf of the page each is on */
  int32_t *name;       /* by shelf of the page */
  double *gained;
} Room;

static inline Mark *mark_of(const Room *room, int64_t product, int32_t question) {
  uint64_t at = (uint64_t)product * 0x9E3779B97F4A7C15u >> 20 & room->mask;
  while (room->mark[at].question == question && room->mark[at].product != product) at = (at + 1) & room->mask;
  Mark *mark = room->mark + at;
  if (mark->question != question) *mark = (Mark){product, question, 0, 0, 0};
  return mark;
}

static inline int stands(const Mark *mark, int32_t question, int32_t place) {
  return mark->shown == question || mark->used == place;
}

static inline int used(const Room *room, const Rows *rows, int32_t row, int32_t question, int32_t place) {
  return stands(mark_of(room, rows->product[row], question), question, place);
}

/* How many of a category stand on the page; where to count it. */
static inline int32_t *count_of(int32_t *kind, int32_t *count, int32_t *many, int32_t wanted) {
  int32_t at = 0;
  while (at < *many && kind[at] != wanted) at++;
  if (at == *many) kind[at] = wanted, count[at] = 0, ++*many;
  return count + at;
}

/* The first rows that may still stand on the page, `size` at most. */
static inline int32_t next(const Room *room, const Rows *rows, const Left *left, int32_t size, int32_t most, int32_t question,
                    int32_t place, int32_t *picked) {
  int32_t many = 0, kinds = room->kinds_many;
  memcpy(room->kinds, room->kind, sizeof(int32_t) * kinds);
  memcpy(room->counts, room->count, sizeof(int32_t) * kinds);
  for (int32_t at = left->first; at < left->end && many < size; at++) {
    int32_t row = room->kept[at];
    if (used(room, rows, row, question, place)) continue;
    if (rows->category[row] >= 0) {
      int32_t *count = count_of(room->kinds, room->counts, &kinds, rows->category[row]);
      if (*count >= most) continue;
      ++*count;
    }
    picked[many++] = row;
  }
  return many;
}

/* Which shelf's next products are worth the most; -1: none of any worth is left. They are in `room->best`. */
static inline int32_t best_of(Room *room, const Rows *rows, int32_t left_many, int32_t size, int32_t most, int32_t question,
                       int32_t place, int32_t *many) {
  double best = 0;
  int32_t found = -1;
  for (int32_t at = 0; at < left_many; at++) {
    const Left *left = room->left + at;
    if (left->score * AT_MOST < best) break;
    int32_t among = left->end - left->first < size ? left->end - left->first : size;
    double sum = 0, worth = 0;
    for (int32_t one = 0; one < among; one++) sum += rows->score[room->kept[left->first + one]];
    double last = rows->score[room->kept[left->first + among - 1]];
    if (last * (size + among) >= sum && sum * ROUNDED < best * (size + among)) continue;
    int32_t picked = next(room, rows, left, size, most, question, place, room->picked);
    for (int32_t one = 0; one < picked; one++) worth += rows->score[room->picked[one]];
    worth /= size + picked;
    if (worth > best) {
      best = worth, found = at, *many = picked;
      memcpy(room->best, room->picked, sizeof(int32_t) * picked);
    }
  }
  return found;
}

/* The shelves there is anything on, without what only others may see; the one with the best first product first. */
static inline int32_t there(Room *room, const Rows *rows, const Orders *asked, const Place *place, int32_t number) {
  int32_t kept = 0, many = 0;
  for (int32_t at = 0; at < place->shelf_end - place->shelf; at++) {
    int32_t shelf = asked->shelf[place->shelf + at], first = kept, free = -1;
    for (int32_t row = shelf ? rows->end[shelf - 1] : 0; row < rows->end[shelf]; row++) {
      const Mark *mark = mark_of(room, rows->product[row], place->question);
      if (rows->common[shelf] && mark->theirs == number) continue;
      if (free < 0 && !stands(mark, place->question, number)) free = kept;
      room->kept[kept++] = row;
    }
    room->shelf[at] = (Left){0, first, kept, shelf};
    if (free < 0) continue;
    Left left = {rows->score[room->kept[free]], free, kept, shelf};
    int32_t to = many++;
    for (; to > 0 && room->left[to - 1].score < left.score; to--) room->left[to] = room->left[to - 1];
    room->left[to] = left;
  }
  return many;
}

/* Shelf after shelf, until the page is full or nothing is left; how many shelves it has. */
static inline int32_t compose(Room *room, const Rows *rows, const Orders *asked, const Place *place, int32_t number, int32_t k,
                       int32_t layout, int32_t *slate_many) {
  int32_t left = there(room, rows, asked, place, number), shelves = 0, many = 0;
  room->kinds_many = 0;
  while (left && many < k) {
    int32_t size = asked->size[layout] < k - many ? asked->size[layout] : k - many, picked = 0;
    int32_t at = best_of(room, rows, left, size, asked->most[layout], place->question, number, &picked);
    if (at < 0) break;
    for (int32_t one = 0; one < picked; one++) {
      int32_t row = room->best[one];
      mark_of(room, rows->product[row], place->question)->used = number;
      ++*count_of(room->kind, room->count, &room->kinds_many, rows->category[row]);
      room->slate[many] = row, room->of[many++] = shelves;
    }
    room->name[shelves++] = rows->name[room->left[at].shelf];
    memmove(room->left + at, room->left + at + 1, sizeof(Left) * (--left - at));
  }
  /* The shelves there are made longer, whatever their categories. */
  for (int32_t at = 0; at < place->shelf_end - place->shelf && many < k; at++) {
    const Left *shelf = room->shelf + at;
    int32_t name = rows->name[shelf->shelf], of = shelves;
    for (int32_t one = 0; one < shelves; one++)
      if (room->name[one] == name) of = one;
    for (int32_t one = shelf->first; one < shelf->end && many < k; one++) {
      Mark *mark = mark_of(room, rows->product[room->kept[one]], place->question);
      if (stands(mark, place->question, number)) continue;
      if (of == shelves) room->name[shelves++] = name;
      mark->used = number;
      room->slate[many] = room->kept[one], room->of[many++] = of;
    }
  }
  *slate_many = many;
  return shelves;
}

/* Which shelf stands on top. */
static inline int32_t draw(Room *room, const Rows *rows, int32_t shelves, int32_t many, const double *tried, double *chance) {
  double share = tried[0], lot = tried[2], start = 1, above = 0;
  int32_t tops = 1;
  *chance = 1;
  if (shelves < 2 || lot < 0) return 0;
  for (int32_t shelf = 0; shelf < shelves; shelf++) {
    double own = 0, look = 1;
    for (int32_t at = 0; at < many; at++)
      if (room->of[at] == shelf) own += rows->score[room->slate[at]] * look, look *= SEEN;
    room->gained[shelf] = own * (1 - start) - above * (1 - look);
    above += own * start;
    start *= look;
  }
  double least = -tried[1] * above;
  for (int32_t shelf = 1; shelf < shelves; shelf++)
    if (room->gained[shelf] >= least) room->name[tops++] = shelf; /* its names are no longer needed */
  room->name[0] = 0;
  double each = share / tops;
  int32_t chosen = 0;
  if (lot < share) {
    double at = lot / share * tops;
    chosen = room->name[at < tops - 1 ? (int32_t)at : tops - 1];
  }
  *chance = chosen ? each : 1 - share + each;
  return chosen;
}

static inline int32_t put(const Room *room, int32_t shelf, int32_t many, int32_t *row, int32_t to) {
  for (int32_t at = 0; at < many; at++)
    if (room->of[at] == shelf) row[to++] = room->slate[at];
  return to;
}

static inline void answer_one(Room *room, const Rows *rows, const Orders *asked, int32_t at, const Drawn *answer) {
  const Place *place = asked->place + at;
  int32_t number = at + 1, question = place->question, pins = 0, many = 0, *row = answer->row + place->first;
  for (int32_t one = place->theirs; one < place->theirs_end; one++)
    mark_of(room, asked->theirs[one], question)->theirs = number;
  for (int32_t one = place->shut; one < place->shut_end; one++)
    mark_of(room, asked->shut[one], question)->used = number;
  for (int32_t one = place->pin; one < place->pin_end; one++) {
    Mark *mark = mark_of(room, rows->product[asked->pin_row[one]], question);
    if (asked->pin_at[one] >= place->k || stands(mark, question, number)) continue;
    room->picked[pins++] = one;
  }
  int32_t *shown = room->best + place->k; /* the pins that are shown, while a page is composed */
  for (int32_t one = 0; one < pins; one++) {
    shown[one] = room->picked[one];
    mark_of(room, rows->product[asked->pin_row[shown[one]]], question)->used = number;
  }
  int32_t k = place->k - pins, shelves = compose(room, rows, asked, place, number, k, place->layout + pins, &many);
  int32_t top = draw(room, rows, shelves, many, asked->tried + 3 * at, answer->chance + at), to = 0;
  to = put(room, top, many, row, to);
  for (int32_t shelf = 0; shelf < shelves; shelf++)
    if (shelf != top) to = put(room, shelf, many, row, to);
  for (int32_t one = 0; one < pins; one++) {
    int32_t where = asked->pin_at[shown[one]] < to ? asked->pin_at[shown[one]] : to;
    memmove(row + where + 1, row + where, sizeof(int32_t) * (to++ - where));
    row[where] = asked->pin_row[shown[one]];
  }
  for (int32_t one = 0; one < to; one++) mark_of(room, rows->product[row[one]], question)->shown = question;
  answer->many[at] = to;
  answer->variant[at] = top != 0;
}

/* Shares out what composing works in (`at`, from its beginning): for so many marks (a power of 2), shelves and rows of a place, and k. */
static inline void furnish(Room *room, uintptr_t *at, int64_t marks, int64_t shelves, int64_t rows, int64_t k) {
  room->mark = part(at, (int64_t)sizeof(Mark) * marks);
  room->mask = (uint64_t)marks - 1;
  room->kept = part(at, 4 * rows);
  room->shelf = part(at, (int64_t)sizeof(Left) * (shelves + 1));
  room->left = part(at, (int64_t)sizeof(Left) * (shelves + 1));
  int32_t **wide[] = {&room->kind, &room->count, &room->kinds, &room->counts, &room->picked, &room->slate, &room->of};
  for (int one = 0; one < 7; one++) *wide[one] = part(at, 4 * 2 * (k + 1));
  room->best = part(at, 4 * 2 * (k + 1));
  room->name = part(at, 4 * (shelves + 2));
  room->gained = part(at, 8 * (shelves + 1));
}

/* So many that half of them are free where so many products are spoken of. */
static inline int64_t marks_for(int64_t spoken) {
  int64_t marks = 16;
  while (marks < 2 * spoken) marks *= 2;
  return marks;
}

#endif
