/* Slates as JSON: products with why, and the reasons that most of their worth stands on; `deciding/telling.py` in Python. */
#ifndef DETAK_WRITING_H
#define DETAK_WRITING_H

#include "hall.h"

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

static inline void write_name(Pen *pen, const Wanted *wanted, const Visitor *visitor, int64_t product) {
  if (product < wanted->goods->items)
    write_one(pen, &wanted->goods->name, product);
  else
    write_one(pen, &wanted->more, visitor->names + product - wanted->goods->items - 1);
}

static inline void write_reason(Pen *pen, const Wanted *wanted, const Visitor *visitor, int32_t why, int64_t about) {
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
static inline void tell(const Hall *hall, const Wanted *wanted, int64_t at, const Slates *answer, Pen *pen) {
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

#endif
