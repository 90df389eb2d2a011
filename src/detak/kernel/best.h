/* The best of many: scores and their numbers packed into keys, which are sorted. */
#ifndef DETAK_BEST_H
#define DETAK_BEST_H

#include <stdint.h>
#include <string.h>

/* The best `most` of what was offered so far, and some that are not, in any order: these are sorted out when there is no room for
   another, which costs less than to keep all in order. A score below `least` is not among the best. */
typedef struct {
  uint64_t *key, *spare; /* `space_for(most)` each */
  int32_t many, most;
  float least;
} Best;

static inline int32_t space_for(int32_t most) { return 2 * most + 64; }

/* A key is the lower the higher the score, of those alike the lower the number. */
static inline uint64_t key_of(float score, int32_t number) {
  uint32_t bits;
  score += 0.0f; /* there is one nought */
  memcpy(&bits, &score, sizeof bits);
  bits ^= bits >> 31 ? 0 : 0x7FFFFFFFu; /* whole numbers in the order of the floats that they are the bits of, turned round */
  return (uint64_t)bits << 32 | (uint32_t)number;
}

static inline int32_t number_of(uint64_t key) { return (int32_t)(uint32_t)key; }

static inline float score_of(uint64_t key) {
  uint32_t bits = (uint32_t)(key >> 32);
  float score;
  bits ^= bits >> 31 ? 0 : 0x7FFFFFFFu;
  memcpy(&score, &bits, sizeof score);
  return score;
}

/* Smallest first. Runs are merged without a branch on what is compared, which no processor could foretell. */
static inline uint64_t *sorted(uint64_t *key, uint64_t *spare, int32_t many) {
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

static inline void start(Best *best, int32_t most, float least) {
  best->many = 0;
  best->most = most;
  best->least = most > 0 ? least : __builtin_inff();
}

/* Puts the key that is to stand at `wanted` there, and what is smaller before it (Hoare's quickselect). No two are alike. */
static inline void part_at(uint64_t *key, int32_t many, int32_t wanted) {
  for (int32_t first = 0, last = many - 1; first < last;) {
    int32_t middle = first + (last - first) / 2, to = first;
    uint64_t pivot = key[middle];
    key[middle] = key[last];
    for (int32_t at = first; at < last; at++) { /* no branch, as in `sorted` */
      uint64_t one = key[at];
      key[at] = key[to];
      key[to] = one;
      to += one < pivot;
    }
    key[last] = key[to];
    key[to] = pivot;
    if (to >= wanted) last = to - 1;
    if (to <= wanted) first = to + 1;
  }
}

/* Only the best, in any order. */
static inline void sort_out(Best *best) {
  if (best->many < best->most || !best->many) return;
  part_at(best->key, best->many, best->most - 1);
  best->many = best->most;
  best->least = score_of(best->key[best->most - 1]);
}

/* Only the best, the highest first. */
static inline void in_order(Best *best) {
  sort_out(best);
  uint64_t *key = sorted(best->key, best->spare, best->many);
  best->spare = key == best->key ? best->spare : best->key;
  best->key = key;
}

static inline void offer(Best *best, float score, int32_t number) {
  best->key[best->many++] = key_of(score, number);
  if (best->many == space_for(best->most)) sort_out(best);
}

#endif
