/* Slates: what speaks for each visitor, what it is worth, the page that it makes, and its products written down with why.

   `deciding/pools.py`, `decide/scoring.py` and `deciding/telling.py` say the same in Python. Exponentials and logarithms may be
   rounded otherwise here: products as near one another as that may change places. */
#include <math.h>

#include "slates.h"

static const double EVEN = 0.5, REACH = 6, USUAL = 3, JUST_SEEN = 0.8; /* as in Python */

enum { FULL = 1 };
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

static Seen *seen_of(const Hall *hall, int64_t product) {
  uint64_t at = (uint64_t)product * 0x9E3779B97F4A7C15u >> 20 & hall->mask;
  while (hall->seen[at].meeting == hall->meeting && hall->seen[at].product != product) at = (at + 1) & hall->mask;
  Seen *seen = hall->seen + at;
  if (seen->meeting != hall->meeting) *seen = (Seen){product, 0, 0, hall->meeting, -1, -1, 0};
  return seen;
}

static int64_t row_of(const Goods *goods, int64_t product) {
  return (uint64_t)product < (uint64_t)goods->items ? product : goods->items;
}

static double as_feature(double logarithm) {
  double found = EVEN + logarithm / REACH;
  return found < 0 ? 0 : found > 1 ? 1 : found;
}

/* How much the visitor leans to each kind that they touched; `lean[kinds]`: to any other. */
static int32_t lean(Hall *hall, const Goods *goods, int32_t kinds) {
  double total = 0;
  for (int32_t at = 0; at < kinds; at++) total += hall->count[hall->touched[at]];
  for (int32_t at = 0; at < kinds; at++) {
    int32_t kind = hall->touched[at];
    hall->lean[kind] = goods->silent[kind] ? EVEN : as_feature(log((hall->count[kind] / goods->usual[kind] + USUAL) / (total + USUAL)));
  }
  hall->lean[goods->kinds] = as_feature(log(USUAL / (total + USUAL)));
  return kinds;
}

static double lean_of(const Hall *hall, const Goods *goods, int32_t kind) {
  if (kind < 0 || kind >= goods->kinds || goods->silent[kind]) return EVEN;
  return hall->lean[hall->count[kind] > 0 ? kind : goods->kinds];
}

/* What they touched, but what is sensitive; the last ones, each once, are candidates to go on with. How many kinds it is of. */
static int32_t hear(Hall *hall, const Wanted *wanted, const Visitor *visitor) {
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
static void go_on(Hall *hall) {
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
static void pick(Hall *hall, const Wanted *wanted, const Visitor *visitor) {
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
static int32_t going_with(Hall *hall, const Going *going, int64_t product) {
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

static void go_with(Hall *hall, const Goods *goods, const Visitor *visitor) {
  hall->pooled[2] = 0;
  for (int64_t model = 0; visitor->beside >= 0 && model < goods->goings; model++)
    if (going_with(hall, goods->going + model, visitor->beside)) break;
  for (int32_t at = 0; at < hall->pooled[2]; at++) seen_of(hall, hall->pool[2][at])->marks |= LISTED;
}

/* The best of the kinds they lean to most. */
static void favour(Hall *hall, const Goods *goods, int32_t kinds) {
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
static void meet(Hall *hall, const Wanted *wanted, const Visitor *visitor) {
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
static void part_from(Hall *hall, const Wanted *wanted, const Visitor *visitor) {
  const Goods *goods = wanted->goods;
  for (int64_t at = visitor->touch; at < visitor->touch_end; at++) {
    int32_t kind = goods->kind[row_of(goods, wanted->touched[at])];
    if (kind >= 0) hall->count[kind] = 0;
  }
}

static uint8_t as_byte(double told) { return (uint8_t)(told * 255 + 0.5); }

/* One shelf of a visitor's own: what may be shown of its candidates, the most valuable first; of those alike the one named first. */
static void score(Hall *hall, const Goods *goods, const View *view, int32_t shelf) {
  int32_t own = shelf == CONTINUE ? 0 : shelf == FOR_YOU ? 1 : 2, many = 0, size = hall->pooled[own];
  for (int32_t at = 0; at < size; at++) {
    int64_t product = hall->pool[own][at], row = row_of(goods, product);
    if (!view->open[row] || goods->sensitive[row]) continue;
    const Seen *seen = seen_of(hall, product);
    double fit = seen->marks & FITTING ? seen->relevance : 0, rank = 1.0 - (double)many / size;
    double leant = lean_of(hall, goods, goods->category[row]);
    double logit = view->base[own] + view->fit * fit + view->rank * rank + view->same[row] + view->lean * leant;
    Candidate one = {product, view->worth[row] / (1.0 + exp(-logit)), {as_byte(fit), as_byte(rank)}};
    memcpy(one.told + 2, goods->features + 4 * row, 4);
    one.told[6] = own == 0 ? 255 : 0;
    one.told[7] = own == 2 ? 255 : 0;
    one.told[8] = as_byte(leant);
    int32_t to = many++;
    for (; to > 0 && hall->candidate[to - 1].score < one.score; to--) hall->candidate[to] = hall->candidate[to - 1];
    hall->candidate[to] = one;
  }
  Scored *rows = &hall->rows;
  int32_t row = rows->shelves ? rows->end[rows->shelves - 1] : 0;
  for (int32_t at = 0; at < many; at++, row++) {
    const Candidate *one = hall->candidate + at;
    const Seen *seen = seen_of(hall, one->product);
    rows->product[row] = one->product;
    rows->score[row] = one->score;
    rows->category[row] = goods->category[row_of(goods, one->product)];
    memcpy(rows->told + FEATURES * (int64_t)row, one->told, FEATURES);
    rows->shelf[row] = (uint8_t)shelf;
    rows->why[row] = shelf == FOR_YOU && seen->why >= 0 ? seen->why : OF_SHELF + shelf;
    rows->about[row] = seen->about;
  }
  rows->end[rows->shelves] = row;
  rows->name[rows->shelves] = shelf;
  rows->common[rows->shelves++] = 0;
}

/* A shelf for everyone, laid beside the others. */
static void lay(Hall *hall, const Common *common) {
  Scored *rows = &hall->rows;
  int32_t first = rows->shelves ? rows->end[rows->shelves - 1] : 0, many = (int32_t)common->many;
  memcpy(rows->product + first, common->product, sizeof(int64_t) * many);
  memcpy(rows->score + first, common->score, sizeof(double) * many);
  memcpy(rows->category + first, common->category, sizeof(int32_t) * many);
  memcpy(rows->told + FEATURES * (int64_t)first, common->told, FEATURES * (int64_t)many);
  for (int32_t row = first; row < first + many; row++)
    rows->shelf[row] = (uint8_t)common->shelf, rows->why[row] = OF_SHELF + (int32_t)common->shelf, rows->about[row] = 0;
  rows->end[rows->shelves] = first + many;
  rows->name[rows->shelves] = (int32_t)common->shelf;
  rows->common[rows->shelves++] = common->shelf != PINNED;
}

static int is_own(int32_t shelf) { return shelf == CONTINUE || shelf == FOR_YOU || shelf == TOGETHER; }

/* The numbers of the shelves of a placement's page; those of the visitor's own follow from `own` on. */
static void call_shelves(Hall *hall, const Wanted *wanted, const Wish *wish, Place *place, int32_t own) {
  const View *view = wanted->view[wish->view];
  int64_t next = wish->common;
  place->shelf = hall->shelf_many;
  for (int64_t at = 0; at < view->shelves; at++)
    hall->shelf[hall->shelf_many++] = is_own(view->shelf[at]) ? own++ : (int32_t)wanted->common_of[next++];
  place->shelf_end = hall->shelf_many;
}

static void call_theirs(Hall *hall, Place *place) {
  place->theirs = hall->theirs_many;
  for (int32_t own = 0; own < 3; own++) {
    memcpy(hall->theirs + hall->theirs_many, hall->pool[own], sizeof(int64_t) * hall->pooled[own]);
    hall->theirs_many += hall->pooled[own];
  }
  place->theirs_end = hall->theirs_many;
}

static void call_shut(Hall *hall, const Wanted *wanted, const Wish *wish, Place *place) {
  const Visitor *visitor = wanted->visitor + wish->visitor;
  int64_t kept = visitor->shut_end - visitor->shut, more = wish->shut_end - wish->shut;
  place->shut = hall->shut_many;
  memcpy(hall->shut + hall->shut_many, wanted->number + visitor->shut, sizeof(int64_t) * kept);
  memcpy(hall->shut + hall->shut_many + kept, wanted->number + wish->shut, sizeof(int64_t) * more);
  place->shut_end = hall->shut_many += (int32_t)(kept + more);
}

/* Where the pins go, and how the page is laid out with none of them, one, two, ... */
static void call_layouts(Hall *hall, const View *view, const Wish *wish, Place *place) {
  int64_t pinned = wish->pinned, k = wish->k;
  place->pin = hall->pins;
  place->layout = hall->layouts;
  for (int32_t pin = 0; pin <= view->pins; pin++) {
    int64_t left = k > pin ? k - pin : 0;
    double shelf = ceil(view->shelf_share * (double)left), most = ceil(view->category_share * (double)left);
    shelf = shelf < 1 ? 1 : shelf;
    hall->size[hall->layouts] = (int32_t)(shelf < (double)view->shelf_most ? shelf : (double)view->shelf_most);
    hall->most[hall->layouts++] = (int32_t)(most < 1 ? 1 : most);
    if (pin == view->pins) break;
    hall->pin_at[hall->pins] = view->pin_at[pin];
    hall->pin_row[hall->pins++] = (pinned ? hall->rows.end[pinned - 1] : 0) + pin;
  }
  place->pin_end = hall->pins;
}

/* The place before in the same question that is the same visitor's; and one that goes by the same rules as well. */
static int64_t before(const Wanted *wanted, int64_t at, int rules) {
  const Wish *wish = wanted->wish + at;
  for (int64_t one = at - 1; one >= 0 && wanted->wish[one].question == wish->question; one--)
    if (wanted->wish[one].visitor == wish->visitor && (!rules || wanted->wish[one].view == wish->view)) return one;
  return -1;
}

/* What the visitor's own shelves hold under the rules of a placement; the number of the first of them. */
static int32_t own_shelves(Hall *hall, const Wanted *wanted, const Wish *wish) {
  const View *view = wanted->view[wish->view];
  int32_t first = hall->rows.shelves;
  for (int64_t at = 0; at < view->shelves; at++)
    if (is_own(view->shelf[at])) score(hall, wanted->goods, view, view->shelf[at]);
  return first;
}

/* All of one question: placements from one to before another. */
static void ask(Hall *hall, const Wanted *wanted, int64_t from, int64_t to) {
  hall->shelf_many = hall->theirs_many = hall->shut_many = hall->layouts = hall->pins = 0;
  int64_t met = -1;
  for (int64_t at = from; at < to; at++) {
    const Wish *wish = wanted->wish + at;
    const Visitor *visitor = wanted->visitor + wish->visitor;
    const View *view = wanted->view[wish->view];
    Place *place = hall->place + at;
    int64_t known = before(wanted, at, 0), same = before(wanted, at, 1);
    *place = (Place){.question = (int32_t)wish->question + 1, .k = (int32_t)wish->k, .first = (int32_t)wish->first};
    if (same >= 0) {
      place->shelf = hall->place[same].shelf, place->shelf_end = hall->place[same].shelf_end;
    } else {
      if (met != wish->visitor) {
        if (met >= 0) part_from(hall, wanted, wanted->visitor + met);
        meet(hall, wanted, visitor);
        met = wish->visitor;
      }
      call_shelves(hall, wanted, wish, place, own_shelves(hall, wanted, wish));
    }
    if (known >= 0)
      place->theirs = hall->place[known].theirs, place->theirs_end = hall->place[known].theirs_end;
    else
      call_theirs(hall, place);
    call_shut(hall, wanted, wish, place);
    call_layouts(hall, view, wish, place);
    hall->tried[3 * at] = view->share, hall->tried[3 * at + 1] = view->most_loss, hall->tried[3 * at + 2] = wanted->lot[at];
  }
  if (met >= 0) part_from(hall, wanted, wanted->visitor + met);
}

/* Text that is written; what there is no room for is counted alone. */
typedef struct {
  char *text;
  int64_t room, at;
} Pen;

static inline void write_text(Pen *pen, const char *text, int64_t bytes) {
  if (pen->at + bytes <= pen->room) memcpy(pen->text + pen->at, text, (size_t)bytes);
  pen->at += bytes;
}

static inline void write_one(Pen *pen, const Texts *texts, int64_t one) {
  write_text(pen, texts->text + texts->at[one], texts->at[one + 1] - texts->at[one]);
}

#define WRITE(pen, text) write_text(pen, text, sizeof(text) - 1)

static void write_name(Pen *pen, const Wanted *wanted, const Visitor *visitor, int64_t product) {
  if (product < wanted->goods->items)
    write_one(pen, &wanted->goods->name, product);
  else
    write_one(pen, &wanted->more, visitor->names + product - wanted->goods->items - 1);
}

static void write_reason(Pen *pen, const Wanted *wanted, const Visitor *visitor, int32_t why, int64_t about) {
  if (why == OF_SHELF + TRENDING) {
    write_one(pen, &wanted->more, visitor->here);
    return;
  }
  write_one(pen, &wanted->goods->words, SHELVES + why);
  if (why == OF_SHELF + TOGETHER) about = visitor->beside;
  if (why <= OF_KIND || why == OF_SHELF + TOGETHER) {
    Pen start = *pen;
    WRITE(pen, ",\"about\":");
    int64_t named = pen->at;
    if (why == OF_KIND)
      write_one(pen, &wanted->goods->called, about);
    else
      write_name(pen, wanted, visitor, about);
    if (pen->at == named + 2) *pen = start; /* of no name */
  }
  WRITE(pen, "}");
}

/* A slate and the reasons that most of its worth stands on. */
static void tell(const Hall *hall, const Wanted *wanted, int64_t at, const Slates *answer, Pen *pen) {
  const Wish *wish = wanted->wish + at;
  const Visitor *visitor = wanted->visitor + wish->visitor;
  const Scored *rows = &hall->rows;
  double worth[REASONS] = {0};
  int32_t order[REASONS], first[REASONS], reasons = 0, known[REASONS] = {0};
  for (int64_t one = wish->first; one < wish->first + answer->many[at]; one++) {
    int32_t row = hall->row[one], why = rows->why[row];
    if (one > wish->first) WRITE(pen, ",");
    WRITE(pen, "{\"product_id\":");
    write_name(pen, wanted, visitor, rows->product[row]);
    write_one(pen, &wanted->goods->words, rows->shelf[row]);
    write_reason(pen, wanted, visitor, why, rows->about[row]);
    WRITE(pen, "}");
    if (!known[why]) known[why] = 1, order[reasons++] = why, first[why] = row;
    worth[why] += rows->score[row];
    answer->product[one] = rows->product[row];
    answer->personal[one] = (uint8_t)is_own(rows->shelf[row]);
    memcpy(answer->told + FEATURES * one, rows->told + FEATURES * (int64_t)row, FEATURES);
  }
  answer->end[2 * at] = pen->at;
  for (int32_t turn = 0; turn < reasons && turn < MOST_REASONS; turn++) {
    int32_t best = turn;
    for (int32_t one = turn + 1; one < reasons; one++)
      if (worth[order[one]] > worth[order[best]]) best = one;
    int32_t why = order[best];
    for (; best > turn; best--) order[best] = order[best - 1]; /* of those alike the one that came first */
    order[turn] = why;
    if (turn) WRITE(pen, ",");
    write_reason(pen, wanted, visitor, why, rows->about[first[why]]);
  }
  answer->end[2 * at + 1] = pen->at;
}

/* What a call needs room for at most. */
static Most most_of(const Wanted *wanted) {
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

static void furnish_hall(Hall *hall, uintptr_t *at, const Wanted *wanted, const Most *most) {
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

/* How many bytes `detak_slates` works in; whatever they hold. */
PUBLIC int64_t detak_slates_room(const Wanted *wanted) {
  Hall hall;
  Most most = most_of(wanted);
  uintptr_t at = 0;
  furnish_hall(&hall, &at, wanted, &most);
  return (int64_t)at;
}

/* `FULL` where the texts do not fit: then the last of `Slates.end` says how many bytes they have. */
PUBLIC int detak_slates(const Wanted *wanted, void *bytes, const Slates *answer) {
  Hall hall = {0};
  Most most = most_of(wanted);
  uintptr_t begin = (uintptr_t)bytes;
  furnish_hall(&hall, &begin, wanted, &most);
  memset(hall.seen, 0, sizeof(Seen) * (hall.mask + 1));
  memset(hall.pages.mark, 0, sizeof(Mark) * (hall.pages.mask + 1));
  memset(hall.count, 0, sizeof(double) * (wanted->goods->kinds + 1));
  for (int64_t at = 0; at < wanted->commons; at++) lay(&hall, wanted->common + at);
  int32_t commons = hall.rows.shelves;
  Rows rows = {hall.rows.product, hall.rows.score, hall.rows.category, hall.rows.end, hall.rows.name, hall.rows.common};
  Orders orders = {wanted->wishes, hall.place, hall.tried, hall.shelf, hall.theirs, hall.shut, hall.pin_at, hall.pin_row, hall.size, hall.most};
  Drawn drawn = {hall.row, answer->many, answer->variant, answer->chance};
  Pen pen = {answer->text, answer->room, 0};
  for (int64_t from = 0, to; from < wanted->wishes; from = to) {
    for (to = from + 1; to < wanted->wishes && wanted->wish[to].question == wanted->wish[from].question;) to++;
    ask(&hall, wanted, from, to);
    for (int64_t at = from; at < to; at++) {
      answer_one(&hall.pages, &rows, &orders, (int32_t)at, &drawn);
      tell(&hall, wanted, at, answer, &pen);
    }
    hall.rows.shelves = commons;
  }
  return pen.at > answer->room ? FULL : DONE;
}
