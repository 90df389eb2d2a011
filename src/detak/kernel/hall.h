/* The memory that slates are made in: what is known of the visitor who is met, rows of shelves, and what pages are asked for with. */
#ifndef DETAK_HALL_H
#define DETAK_HALL_H

#include "slates.h"

enum { HAD = 1, BOUGHT = 2, SHUT_OUT = 4, FITTING = 8, LISTED = 16, LATEST = 32 };

/* What is known of a product, for the visitor who is met. */
typedef struct {
  int64_t product, about; /* `about`: of the reason */
  double relevance;
  int32_t meeting, why; /* -1: nothing of their own */
  int32_t how;          /* it was touched last; -1: never */
  int32_t marks;
} Seen;

/* The rows of `pages.h`, and what they are told by. */
typedef struct {
  int64_t *product;
  double *score;
  int32_t *category;
  uint8_t *told;
  uint8_t *shelf; /* by row */
  int32_t *why;
  int64_t *about;
  int32_t *end, *name; /* by shelf */
  uint8_t *common;
  int32_t shelves;
} Scored;

typedef struct {
  int64_t product;
  double score;
  uint8_t told[FEATURES];
} Candidate;

typedef struct {
  Seen *seen;
  uint64_t mask;
  double *count, *lean; /* by kind: touches, and how much the visitor leans to it; `count` is at nought between two */
  int32_t *touched;     /* kinds that were */
  int64_t *pool[3];     /* candidates of the visitor's own shelves */
  int32_t pooled[3];
  Candidate *candidate;
  Scored rows;
  /* What pages are asked for with. */
  Place *place;
  double *tried;
  int32_t *shelf, *size, *most, *pin_at, *pin_row, *row;
  int64_t *theirs, *shut;
  int32_t shelf_many, theirs_many, shut_many, layouts, pins;
  int32_t meeting; /* how often a visitor was met: what is `seen` holds for one meeting */
  Room pages;
} Hall;

/* How much there is at most: of one visitor candidates, touches and products looked up; of one question rows, shelves of visitors' own,
   visitors, what is shut, pins, and products spoken of; of one placement k; and of all placements together. */
typedef struct {
  int64_t own, touches, seen, rows, shelves, visitors, shut, pins, spoken, k, placed;
} Most;

static int64_t larger(int64_t one, int64_t other) { return one > other ? one : other; }

static inline Seen *seen_of(const Hall *hall, int64_t product) {
  uint64_t at = (uint64_t)product * 0x9E3779B97F4A7C15u >> 20 & hall->mask;
  while (hall->seen[at].meeting == hall->meeting && hall->seen[at].product != product) at = (at + 1) & hall->mask;
  Seen *seen = hall->seen + at;
  if (seen->meeting != hall->meeting) *seen = (Seen){product, 0, 0, hall->meeting, -1, -1, 0};
  return seen;
}

static inline int64_t row_of(const Goods *goods, int64_t product) {
  return (uint64_t)product < (uint64_t)goods->items ? product : goods->items;
}

/* The place before in the same question that is the same visitor's; and one that goes by the same rules as well. */
static inline int64_t before(const Wanted *wanted, int64_t at, int rules) {
  const Wish *wish = wanted->wish + at;
  for (int64_t one = at - 1; one >= 0 && wanted->wish[one].question == wish->question; one--)
    if (wanted->wish[one].visitor == wish->visitor && (!rules || wanted->wish[one].view == wish->view)) return one;
  return -1;
}

/* What a call needs room for at most. */
static inline Most most_of(const Wanted *wanted) {
  Most most = {0};
  const Goods *goods = wanted->goods;
  int64_t best = 0, longest = 0;
  for (int64_t model = 0; model < goods->goings; model++) longest += goods->going[model].longest;
  for (int64_t kind = 0; kind < goods->kinds; kind++)
    best = larger(best, goods->best_end[kind] - (kind ? goods->best_end[kind - 1] : 0));
  for (int64_t at = 0; at < wanted->visitors; at++) {
    const Visitor *one = wanted->visitor + at;
    int64_t spoken = one->touch_end - one->touch + one->bought_end - one->bought + one->shut_end - one->shut;
    most.own = larger(most.own, LATELY + one->fits + FAVOURITES * best + BESIDE);
    most.seen = larger(most.seen, spoken + 2 * one->fits + longest + FAVOURITES * best);
    most.touches = larger(most.touches, one->touch_end - one->touch);
  }
  for (int64_t at = 0; at < wanted->commons; at++) most.rows += wanted->common[at].many;
  int64_t common = most.rows, rows = 0, shelves = 0, visitors = 0, shut = 0, pins = 0, k = 0;
  for (int64_t at = 0; at < wanted->wishes; at++) {
    const Wish *wish = wanted->wish + at;
    const View *view = wanted->view[wish->view];
    const Visitor *visitor = wanted->visitor + wish->visitor;
    if (at && wish->question != wish[-1].question) rows = shelves = visitors = shut = pins = 0;
    if (before(wanted, at, 1) < 0) rows += view->shelves * most.own, shelves += view->shelves;
    visitors += before(wanted, at, 0) < 0;
    shut += visitor->shut_end - visitor->shut + wish->shut_end - wish->shut;
    pins += view->pins + 1;
    k += wish->k;
    most.rows = larger(most.rows, common + rows);
    most.shelves = larger(most.shelves, shelves);
    most.visitors = larger(most.visitors, visitors);
    most.shut = larger(most.shut, shut);
    most.pins = larger(most.pins, pins);
    most.k = larger(most.k, wish->k + view->pins);
  }
  most.placed = k;
  most.spoken = most.rows + most.visitors * most.own + most.shut + most.pins;
  return most;
}

static inline void furnish_hall(Hall *hall, uintptr_t *at, const Wanted *wanted, const Most *most) {
  int64_t seen = marks_for(most->seen), kinds = wanted->goods->kinds + 1, shelves = most->shelves + wanted->commons;
  Scored *rows = &hall->rows;
  hall->count = part(at, 8 * kinds);
  hall->lean = part(at, 8 * kinds);
  hall->seen = part(at, (int64_t)sizeof(Seen) * seen);
  hall->mask = (uint64_t)seen - 1;
  hall->touched = part(at, 4 * (most->touches + 1));
  for (int own = 0; own < 3; own++) hall->pool[own] = part(at, 8 * most->own);
  hall->candidate = part(at, (int64_t)sizeof(Candidate) * most->own);
  rows->product = part(at, 8 * most->rows);
  rows->score = part(at, 8 * most->rows);
  rows->category = part(at, 4 * most->rows);
  rows->told = part(at, FEATURES * most->rows);
  rows->shelf = part(at, most->rows);
  rows->why = part(at, 4 * most->rows);
  rows->about = part(at, 8 * most->rows);
  rows->end = part(at, 4 * shelves);
  rows->name = part(at, 4 * shelves);
  rows->common = part(at, shelves);
  hall->place = part(at, (int64_t)sizeof(Place) * wanted->wishes);
  hall->tried = part(at, 8 * 3 * wanted->wishes);
  hall->shelf = part(at, 4 * (most->shelves + 1));
  int32_t **wide[] = {&hall->size, &hall->most, &hall->pin_at, &hall->pin_row};
  for (int one = 0; one < 4; one++) *wide[one] = part(at, 4 * most->pins);
  hall->row = part(at, 4 * (most->placed + 1));
  hall->theirs = part(at, 8 * most->visitors * most->own);
  hall->shut = part(at, 8 * (most->shut + 1));
  furnish(&hall->pages, at, marks_for(most->spoken), most->shelves, most->rows, most->k);
}

#endif
