/* What speaks for a visitor: the products they looked at, those that fit them, those that go with what they have.

   `deciding/pools.py` and `deciding/tastes.py` say the same in Python. */
#ifndef DETAK_VISITORS_H
#define DETAK_VISITORS_H

#include <math.h>

#include "hall.h"

static const double EVEN = 0.5, REACH = 6, USUAL = 3, JUST_SEEN = 0.8; /* as in Python */

static inline double as_feature(double logarithm) {
  double found = EVEN + logarithm / REACH;
  return found < 0 ? 0 : found > 1 ? 1 : found;
}

/* How much the visitor leans to each kind that they touched; `lean[kinds]`: to any other. */
static inline int32_t lean(Hall *hall, const Goods *goods, int32_t kinds) {
  double total = 0;
  for (int32_t at = 0; at < kinds; at++) total += hall->count[hall->touched[at]];
  for (int32_t at = 0; at < kinds; at++) {
    int32_t kind = hall->touched[at];
    hall->lean[kind] = goods->silent[kind] ? EVEN : as_feature(log((hall->count[kind] / goods->usual[kind] + USUAL) / (total + USUAL)));
  }
  hall->lean[goods->kinds] = as_feature(log(USUAL / (total + USUAL)));
  return kinds;
}

static inline double lean_of(const Hall *hall, const Goods *goods, int32_t kind) {
  if (kind < 0 || kind >= goods->kinds || goods->silent[kind]) return EVEN;
  return hall->lean[hall->count[kind] > 0 ? kind : goods->kinds];
}

/* What they touched, but what is sensitive; the last ones, each once, are candidates to go on with. How many kinds it is of. */
static inline int32_t hear(Hall *hall, const Wanted *wanted, const Visitor *visitor) {
  const Goods *goods = wanted->goods;
  int32_t latest = 0, kinds = 0;
  for (int64_t at = visitor->touch_end - 1; at >= visitor->touch; at--) {
    int64_t row = row_of(goods, wanted->touched[at]);
    if (goods->sensitive[row]) continue;
    int32_t kind = goods->kind[row];
    if (kind >= 0 && !hall->count[kind]++) hall->touched[kinds++] = kind;
    Seen *seen = seen_of(hall, wanted->touched[at]);
    if (seen->marks & HAD) continue;
    seen->marks |= HAD;
    seen->how = wanted->how[at];
    if (latest < LATELY) hall->pool[0][latest++] = wanted->touched[at];
  }
  hall->pooled[0] = latest;
  return kinds;
}

/* What was looked at lately and not bought, unless it is kept from them. */
static inline void go_on(Hall *hall) {
  int32_t many = 0;
  for (int32_t at = 0; at < hall->pooled[0]; at++) {
    Seen *seen = seen_of(hall, hall->pool[0][at]);
    if (seen->marks & (BOUGHT | SHUT_OUT)) continue;
    hall->pool[0][many] = seen->product;
    if (!(seen->marks & FITTING)) seen->relevance = JUST_SEEN * (1.0 - (double)many / LATELY), seen->marks |= FITTING;
    many++;
  }
  hall->pooled[0] = many;
}

/* What the model says to them. */
static inline void pick(Hall *hall, const Wanted *wanted, const Visitor *visitor) {
  const int32_t *item = wanted->item + visitor->fit, *because = wanted->because + visitor->fit;
  const float *score = wanted->score + visitor->fit;
  int32_t many = 0;
  if (!visitor->fits) {
    hall->pooled[1] = 0;
    return;
  }
  double last = score[visitor->fits - 1], reach = (double)score[0] - last;
  reach = reach != 0 ? reach : 1;
  for (int64_t at = 0; at < visitor->fits; at++) {
    Seen *seen = seen_of(hall, item[at]);
    seen->relevance = 0.2 + 0.8 * ((double)score[at] - last) / reach;
    seen->marks |= FITTING;
    if (because[at] >= 0) {
      int32_t how = seen_of(hall, because[at])->how;
      seen->why = how < 0 ? 0 : how;
      seen->about = because[at];
    }
    if (seen->marks & SHUT_OUT) continue;
    seen->marks |= LISTED;
    hall->pool[1][many++] = item[at];
  }
  hall->pooled[1] = many;
}

/* How many a model knows of that were not touched; those that may be shown are candidates. */
static inline int32_t going_with(Hall *hall, const Going *going, int64_t product) {
  int32_t many = 0, found = 0;
  if (product >= going->products) return 0;
  for (int64_t at = going->start[product]; at < going->start[product + 1] && found < BESIDE; at++) {
    Seen *seen = seen_of(hall, going->item[at]);
    if (seen->marks & HAD) continue;
    found++;
    if (seen->marks & SHUT_OUT) continue;
    hall->pool[2][many++] = going->item[at];
  }
  hall->pooled[2] = many;
  return found;
}

static inline void go_with(Hall *hall, const Goods *goods, const Visitor *visitor) {
  hall->pooled[2] = 0;
  for (int64_t model = 0; visitor->beside >= 0 && model < goods->goings; model++)
    if (going_with(hall, goods->going + model, visitor->beside)) break;
  for (int32_t at = 0; at < hall->pooled[2]; at++) seen_of(hall, hall->pool[2][at])->marks |= LISTED;
}

/* The best of the kinds they lean to most. */
static inline void favour(Hall *hall, const Goods *goods, int32_t kinds) {
  for (int32_t turn = 0; turn < FAVOURITES; turn++) {
    int32_t best = -1;
    for (int32_t at = 0; at < kinds; at++) {
      int32_t kind = hall->touched[at];
      if (kind < 0 || !(hall->lean[kind] > EVEN)) continue;
      if (best < 0 || hall->lean[kind] > hall->lean[hall->touched[best]] ||
          (hall->lean[kind] == hall->lean[hall->touched[best]] && kind < hall->touched[best]))
        best = at;
    }
    if (best < 0) return;
    int32_t kind = hall->touched[best];
    for (int32_t at = kind ? goods->best_end[kind - 1] : 0; at < goods->best_end[kind]; at++) {
      Seen *seen = seen_of(hall, goods->best[at]);
      if (seen->marks & (HAD | BOUGHT | SHUT_OUT | LISTED)) continue;
      if (seen->why < 0) seen->why = OF_KIND, seen->about = kind;
      hall->pool[1][hall->pooled[1]++] = goods->best[at];
    }
    hall->touched[best] = -1 - kind; /* its turn is over */
  }
}

/* The candidates of a visitor's own shelves. */
static inline void meet(Hall *hall, const Wanted *wanted, const Visitor *visitor) {
  hall->meeting++;
  for (int64_t at = visitor->bought; at < visitor->bought_end; at++) seen_of(hall, wanted->number[at])->marks |= BOUGHT;
  for (int64_t at = visitor->shut; at < visitor->shut_end; at++) seen_of(hall, wanted->number[at])->marks |= SHUT_OUT;
  int32_t kinds = lean(hall, wanted->goods, hear(hall, wanted, visitor));
  pick(hall, wanted, visitor);
  go_on(hall);
  go_with(hall, wanted->goods, visitor);
  favour(hall, wanted->goods, kinds);
}

/* Between two visitors. */
static inline void part_from(Hall *hall, const Wanted *wanted, const Visitor *visitor) {
  const Goods *goods = wanted->goods;
  for (int64_t at = visitor->touch; at < visitor->touch_end; at++) {
    int32_t kind = goods->kind[row_of(goods, wanted->touched[at])];
    if (kind >= 0) hall->count[kind] = 0;
  }
}

#endif
