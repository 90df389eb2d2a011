/* Slates as they were told (`writing.h`, `deciding/telling.py`) read back into columns as Arrow lays them out;
   `reading/slate_columns.py` in Python. */
#include "gather.h"

enum { OTHERWISE = -1 };

typedef struct {
  const char *at, *end;
} Reader;

/* Strings one after the other, and where each ends. Nothing that is read makes more text than it is. */
typedef struct {
  int32_t *end;
  char *text;
} Column;

typedef struct {
  int32_t *slots; /* by slate, how many there are up to its end */
  Column product, shelf, because;
} Columns;

static int take(Reader *reader, const char *literal, int64_t bytes) {
  if (reader->end - reader->at < bytes || memcmp(reader->at, literal, (size_t)bytes)) return 0;
  reader->at += bytes;
  return 1;
}

#define TAKE(reader, literal) take(reader, literal, sizeof(literal) - 1)

/* What stands up to the next quotation mark, added to what `to` holds; escapes are left to Python. */
static int take_string(Reader *reader, char *to, int32_t *bytes) {
  for (char *text = to + *bytes; reader->at < reader->end && *reader->at != '\\'; reader->at++, text++) {
    if (*reader->at == '"') {
      *bytes = (int32_t)(text - to);
      reader->at++;
      return 1;
    }
    *text = *reader->at;
  }
  return 0;
}

/* As facts keep it: ``code about``. */
static int take_reason(Reader *reader, char *to, int32_t *bytes) {
  if (!TAKE(reader, ",\"reason\":{\"code\":\"")) return 1;
  if (!take_string(reader, to, bytes)) return 0;
  if (TAKE(reader, ",\"about\":\"")) {
    int32_t code = *bytes;
    to[(*bytes)++] = ' ';
    if (!take_string(reader, to, bytes)) return 0;
    if (*bytes == code + 1) *bytes = code; /* of nothing */
  }
  return TAKE(reader, "}");
}

static int take_slot(Reader *reader, const Columns *to, int32_t slot) {
  int32_t product = to->product.end[slot], shelf = to->shelf.end[slot], because = to->because.end[slot];
  if (!TAKE(reader, "{\"product_id\":\"") || !take_string(reader, to->product.text, &product)) return 0;
  if (TAKE(reader, ",\"shelf\":\"") && !take_string(reader, to->shelf.text, &shelf)) return 0;
  if (!take_reason(reader, to->because.text, &because) || !TAKE(reader, "}")) return 0;
  to->product.end[slot + 1] = product, to->shelf.end[slot + 1] = shelf, to->because.end[slot + 1] = because;
  return 1;
}

/* How many slots there are in all; OTHERWISE: something is written as it is not written here. ``start``: by slate where
   it begins, and where the last one ends; columns have room for as many slots as there can be in so much text. */
PUBLIC int32_t detak_told_slates(const char *text, const int64_t *start, int32_t slates, const Columns *to) {
  int32_t slots = 0;
  for (int32_t one = 0; one < slates; one++) {
    Reader reader = {text + start[one], text + start[one + 1]};
    if (!TAKE(&reader, "[")) return OTHERWISE;
    if (!TAKE(&reader, "]")) {
      do
        if (!take_slot(&reader, to, slots++)) return OTHERWISE;
      while (TAKE(&reader, ","));
      if (!TAKE(&reader, "]")) return OTHERWISE;
    }
    if (reader.at != reader.end) return OTHERWISE;
    to->slots[one + 1] = slots;
  }
  return slots;
}
