/* Rows of a sparse matrix, weighed and added up by item.

   A person is answered from a hundred short rows that lie anywhere in memory, so the time goes into waiting for it: the
   rows to come are asked for while one is added up, and nothing is ever walked or cleared that is as long as the shop. */
#ifndef DETAK_GATHER_H
#define DETAK_GATHER_H

#include <stdint.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

/* Compiled twice, once for processors that work out eight numbers at once: which of the two is called is found out when the library is
   loaded. What comes out is the same. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__has_attribute)
#if __has_attribute(target_clones)
#define WIDE __attribute__((target_clones("avx2", "default")))
#endif
#endif
#ifndef WIDE
#define WIDE
#endif

enum { AHEAD = 6 };               /* rows that are asked for before they are added up */
enum { DONE = 0, DAMAGED = -1 }; /* what a function answers: DAMAGED where the rows do not lie within their arrays */

/* `value[begin[r] .. begin[r + 1]]` is what row r says of the items `item` at the same places, none twice in a row. */
typedef struct {
  const int64_t *begin;
  const int32_t *item;
  const float *value;
  int64_t rows, entries;
  int32_t items, longest; /* no row is longer */
} Matrix;

typedef struct {
  int64_t first; /* the number of the row; once it is found, where it begins */
  int32_t length, slot, touch;
  float weight;
} Row;

/* Sums by item. `where` is at nought between two answers. */
typedef struct {
  int32_t *where; /* by item: its place, from 1 */
  int32_t *seen;  /* by place: the item */
  int32_t many;
} Places;

/* Lists one after the other: of each person what they touched, the last one last, then of each what must not be shown to them, then
   what must be shown to nobody. List n is `item[start[n] .. start[n + 1]]`. What is no item of the matrix is passed over. */
typedef struct {
  const int32_t *item;
  const int64_t *start;
  int64_t people;
  int32_t k;
  int32_t again; /* whether a product of the history may be shown */
  int32_t page;  /* what all touched last, where it was not their last touch anyway; -1: nothing */
} Asked;

typedef struct {
  const int32_t *item;
  int64_t many;
} List;

/* People x k, best first, and how many each person has. */
typedef struct {
  int32_t *item;
  float *score;
  int32_t *because; /* the touch that speaks for it most; -1: none */
  int32_t *many;
} Answer;

static inline List list(const Asked *asked, int64_t number) {
  return (List){asked->item + asked->start[number], asked->start[number + 1] - asked->start[number]};
}

enum { SHUT = 1, CLOSED = 2, NAMED = 4 }; /* marks of an item: for this person, for everybody, as a candidate of this person */

static inline int within(const Matrix *matrix, int32_t item) { return (uint32_t)item < (uint32_t)matrix->items; }

/* Keeps of the marks of these items only `kept`, and sets `mark`. */
static inline void mark(const Matrix *matrix, uint8_t *marks, List items, uint8_t kept, uint8_t mark) {
  for (int64_t at = 0; at < items.many; at++)
    if (within(matrix, items.item[at])) marks[items.item[at]] = (uint8_t)((marks[items.item[at]] & kept) | mark);
}

/* The part of a room (`at`, from its beginning) that has so many bytes. */
static inline void *part(uintptr_t *at, int64_t bytes) {
  uintptr_t here = *at;
  *at += ((uintptr_t)bytes + 63) & ~(uintptr_t)63;
  return (void *)here;
}

/* The place of an item, a new one where it has none. No branch: whether it has one could not be foretold. */
static inline int32_t place_of(Places *places, int32_t item) {
  int32_t place = places->where[item], fresh = place == 0;
  places->many += fresh;
  place = fresh ? places->many : place;
  places->where[item] = place;
  places->seen[place] = item;
  return place;
}

static inline void forget(Places *places) {
  for (int32_t place = 1; place <= places->many; place++) places->where[places->seen[place]] = 0;
  places->many = 0;
}

static inline void ask_for(const Matrix *matrix, const Row *row) {
  for (int64_t at = row->first; at < row->first + row->length; at += 16) { /* numbers of four bytes in a line of cache */
    __builtin_prefetch(matrix->item + at);
    __builtin_prefetch(matrix->value + at);
  }
}

/* Where the rows lie. */
static inline int find(const Matrix *matrix, Row *row, int32_t rows) {
  for (int32_t at = 0; at < rows; at++) __builtin_prefetch(matrix->begin + row[at].first);
  for (int32_t at = 0; at < rows; at++) {
    int64_t number = row[at].first;
    if ((uint64_t)number >= (uint64_t)matrix->rows) return DAMAGED;
    int64_t first = matrix->begin[number], end = matrix->begin[number + 1];
    if (first < 0 || end < first || end - first > matrix->longest || end > matrix->entries) return DAMAGED;
    row[at].first = first;
    row[at].length = (int32_t)(end - first);
  }
  for (int32_t at = 0; at < rows && at < AHEAD; at++) ask_for(matrix, row + at);
  return DONE;
}

/* Adds up in `total`, by place, what the rows from one to another say, in their order, and writes down the places: how many, or
   DAMAGED. */
static inline int32_t add_up(const Matrix *matrix, const Row *row, int32_t from, int32_t to, int32_t rows, Places *places,
                             float *restrict total, int32_t *restrict place) {
  Places own = *places; /* a copy that nobody else can write to: it stays in registers */
  int32_t *restrict next = place;
  for (int32_t at = from; at < to; at++) {
    if (at + AHEAD < rows) ask_for(matrix, row + at + AHEAD);
    const int32_t *restrict item = matrix->item + row[at].first;
    const float *restrict value = matrix->value + row[at].first;
    const float weight = row[at].weight;
    const uint32_t items = (uint32_t)matrix->items;
    for (int32_t entry = 0; entry < row[at].length; entry++) {
      if ((uint32_t)item[entry] >= items) {
        *places = own;
        return DAMAGED;
      }
      int32_t here = place_of(&own, item[entry]);
      *next++ = here;
      total[here] += value[entry] * weight;
    }
  }
  *places = own;
  return (int32_t)(next - place);
}

#endif
