/* Rows of a sparse matrix, weighed and added up by item, and the best of the sums.

   A person is answered from a hundred short rows that lie anywhere in memory, so the time goes into waiting for it: the
   rows to come are asked for while one is added up, and nothing is ever walked or cleared that is as long as the shop. */
#ifndef DETAK_GATHER_H
#define DETAK_GATHER_H

#include <stdint.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

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
  int64_t first;
  int32_t length, slot, touch;
  float weight;
} Row;

/* Sums by item and slot. `where` and `total` are at nought between two answers. */
typedef struct {
  int32_t *where; /* by item: its place in `seen` and `total`, from 1 */
  float *total;   /* places x slots */
  int32_t *seen;  /* by place: the item */
  int32_t *place; /* by entry that was added: the place of its item */
  int32_t many, slots;
} Sums;

/* The highest keys so far: a heap with the least of them on top. */
typedef struct {
  uint64_t *key;
  int32_t many, most;
} Best;

/* The part of a room (`at`, from its beginning) that has so many bytes. */
static inline void *part(uintptr_t *at, int64_t bytes) {
  uintptr_t here = *at;
  *at += ((uintptr_t)bytes + 63) & ~(uintptr_t)63;
  return (void *)here;
}

/* The place of an item, a new one where it has none. No branch: whether it has one could not be foretold. */
static inline int32_t place_of(Sums *sums, int32_t item) {
  int32_t place = sums->where[item], fresh = place == 0;
  sums->many += fresh;
  place = fresh ? sums->many : place;
  sums->where[item] = place;
  sums->seen[place] = item;
  return place;
}

static inline void forget(Sums *sums) {
  for (int32_t place = 1; place <= sums->many; place++) sums->where[sums->seen[place]] = 0;
  memset(sums->total, 0, sizeof(float) * (size_t)(sums->many + 1) * (size_t)sums->slots);
  sums->many = 0;
}

static inline void ask_for(const Matrix *matrix, const Row *row) {
  for (int64_t at = row->first; at < row->first + row->length; at += 16) { /* numbers of four bytes in a line of cache */
    __builtin_prefetch(matrix->item + at);
    __builtin_prefetch(matrix->value + at);
  }
}

/* Where the rows lie: `first` of each is a number of a row yet. */
static inline int find(const Matrix *matrix, Row *row, int32_t rows) {
  for (int32_t at = 0; at < rows; at++) __builtin_prefetch(matrix->begin + row[at].first);
  for (int32_t at = 0; at < rows; at++) {
    int64_t number = row[at].first, first = matrix->begin[number], end = matrix->begin[number + 1];
    if (first < 0 || end < first || end - first > matrix->longest || end > matrix->entries) return DAMAGED;
    row[at].first = first;
    row[at].length = (int32_t)(end - first);
  }
  return DONE;
}

/* Adds up what the rows say, in their order. */
static inline int add_up(const Matrix *matrix, const Row *row, int32_t rows, Sums *sums) {
  enum { AHEAD = 6 };
  int32_t *place = sums->place;
  for (int32_t at = 0; at < rows && at < AHEAD; at++) ask_for(matrix, row + at);
  for (int32_t at = 0; at < rows; at++) {
    if (at + AHEAD < rows) ask_for(matrix, row + at + AHEAD);
    const int32_t *item = matrix->item + row[at].first;
    const float *value = matrix->value + row[at].first;
    for (int32_t entry = 0; entry < row[at].length; entry++) {
      if ((uint32_t)item[entry] >= (uint32_t)matrix->items) return DAMAGED;
      int32_t here = place_of(sums, item[entry]);
      *place++ = here;
      sums->total[(int64_t)here * sums->slots + row[at].slot] += value[entry] * row[at].weight;
    }
  }
  return DONE;
}

/* A key that is higher the higher the score is, of those alike the lower the item. */
static inline uint64_t key_of(float score, int32_t item) {
  uint32_t bits;
  score += 0.0f; /* there is one nought */
  memcpy(&bits, &score, sizeof bits);
  bits ^= bits >> 31 ? 0xFFFFFFFFu : 0x80000000u; /* whole numbers in the order of the floats that they are the bits of */
  return (uint64_t)bits << 32 | (uint32_t)~(uint32_t)item;
}

static inline int32_t item_of(uint64_t key) { return (int32_t)~(uint32_t)key; }

static inline float score_of(uint64_t key) {
  uint32_t bits = (uint32_t)(key >> 32);
  float score;
  bits ^= bits >> 31 ? 0x80000000u : 0xFFFFFFFFu;
  memcpy(&score, &bits, sizeof score);
  return score;
}

static inline void sink_down(Best *best, uint64_t key) {
  int32_t at = 0;
  for (int32_t child = 1; child < best->many; child = 2 * at + 1) {
    if (child + 1 < best->many && best->key[child + 1] < best->key[child]) child++;
    if (best->key[child] >= key) break;
    best->key[at] = best->key[child];
    at = child;
  }
  best->key[at] = key;
}

static inline void offer(Best *best, uint64_t key) {
  if (best->many == best->most) {
    if (best->most && key > best->key[0]) sink_down(best, key);
    return;
  }
  int32_t at = best->many++;
  for (; at && best->key[(at - 1) / 2] > key; at = (at - 1) / 2) best->key[at] = best->key[(at - 1) / 2];
  best->key[at] = key;
}

/* What a score above nought must be to be among the best. Most are not, which is soon seen. */
static inline float least_of(const Best *best) {
  const float tiny = 1e-45f;
  return best->many < best->most ? tiny : best->most ? score_of(best->key[0]) : __builtin_inff();
}

/* The highest first, which leaves no heap. */
static inline void in_order(Best *best) {
  int32_t many = best->many;
  while (best->many > 1) {
    uint64_t least = best->key[0], last = best->key[--best->many];
    sink_down(best, last);
    best->key[best->many] = least;
  }
  best->many = many;
}

#endif
