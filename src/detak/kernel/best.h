/* The best of many: scores and numbers packed into keys, a heap of the highest, and a sort. */
#ifndef DETAK_BEST_H
#define DETAK_BEST_H

#include <stdint.h>
#include <string.h>

/* The highest keys so far: a heap with the least of them on top. */
typedef struct {
  uint64_t *key;
  int32_t many, most;
} Best;

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

#endif
