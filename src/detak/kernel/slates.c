/* Slates: what speaks for each visitor, what it is worth, the page that it makes, and its products written down with why.

   `deciding/paging.py` and `decide/scoring.py` say the same in Python. Exponentials and logarithms may be rounded otherwise here:
   products as near one another as that may change places. */
#include "visitors.h"
#include "writing.h"

enum { FULL = 1 };

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
  for (int64_t at = 0; at < kept; at++) hall->shut[hall->shut_many + at] = wanted->number[visitor->shut + at];
  for (int64_t at = 0; at < more; at++) hall->shut[hall->shut_many + kept + at] = wanted->number[wish->shut + at];
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
