/* The best of an item-to-item matrix for many people: the rows of what each touched, added up.

   `recommend/links.py` and `recommend/serve.py` say the same in NumPy, to the bit. */
#include <float.h>

#include "best.h"
#include "gather.h"

typedef struct {
  Matrix matrix;
  const float *fade; /* what a touch counts, by how many came after it */
  int32_t heard;     /* so many touches count */
} Links;

typedef struct {
  Places places;
  float *total;   /* by place; at nought between two answers */
  int32_t *rank;  /* by place: which of the best it is, from 1; at nought between two answers */
  uint8_t *shut;  /* by item; at nought between two calls */
  int32_t *place; /* by entry that was added up: the place of its item */
  uint64_t *key, *spare;
  Row *row; /* one for each product touched, in the order of their numbers */
  int32_t rows;
  Best best;
  float *loudest; /* by rank */
} Room;

static Room room_at(const Links *links, int32_t k, uintptr_t *at) {
  int64_t items = links->matrix.items, heard = links->heard, entries = heard * links->matrix.longest;
  Room room = {0};
  room.places.where = part(at, 4 * items); /* what must be at nought lies first, whatever k is */
  room.total = part(at, 4 * (items + 1));
  room.rank = part(at, 4 * (items + 1));
  room.shut = part(at, items);
  room.places.seen = part(at, 4 * (items + 1));
  room.place = part(at, 4 * entries);
  room.key = part(at, 8 * heard);
  room.spare = part(at, 8 * heard);
  room.row = part(at, (int64_t)sizeof(Row) * heard);
  room.best.key = part(at, 8 * (int64_t)space_for(k));
  room.best.spare = part(at, 8 * (int64_t)space_for(k));
  room.loudest = part(at, 4 * (int64_t)k);
  return room;
}

/* Each product once, which counts what all its touches count together. */
static void listen(const Links *links, List history, Room *room) {
  int64_t first = history.many > links->heard ? history.many - links->heard : 0;
  int32_t many = 0;
  for (int64_t at = first; at < history.many; at++)
    if (within(&links->matrix, history.item[at])) room->key[many++] = (uint64_t)history.item[at] << 32 | (uint64_t)(at - first);
  const uint64_t *key = sorted(room->key, room->spare, many);
  room->rows = 0;
  for (int32_t at = 0; at < many;) {
    int32_t item = (int32_t)(key[at] >> 32);
    double weight = 0;
    for (; at < many && (int32_t)(key[at] >> 32) == item; at++)
      weight += links->fade[history.many - 1 - first - (int64_t)(uint32_t)key[at]];
    room->row[room->rows++] = (Row){item, 0, 0, item, (float)weight};
  }
}

static void choose(Room *room, int32_t k) {
  start(&room->best, k, FLT_TRUE_MIN);
  for (int32_t place = 1; place <= room->places.many; place++)
    if (room->total[place] >= room->best.least && !room->shut[room->places.seen[place]])
      offer(&room->best, room->total[place], room->places.seen[place]);
  in_order(&room->best);
}

/* Which product's row says most of each of the best. */
static void explain(const Links *links, Room *room, int32_t *because) {
  const int32_t *place = room->place;
  for (int32_t at = 0; at < room->best.many; at++) {
    room->loudest[at] = -__builtin_inff();
    room->rank[room->places.where[number_of(room->best.key[at])]] = at + 1;
  }
  for (int32_t at = 0; at < room->rows; at++) {
    const Row *row = room->row + at;
    for (int32_t entry = 0; entry < row->length; entry++) {
      int32_t rank = room->rank[*place++];
      if (!rank) continue;
      float told = links->matrix.value[row->first + entry] * row->weight;
      if (!(told > room->loudest[rank - 1])) continue;
      room->loudest[rank - 1] = told;
      because[rank - 1] = row->touch;
    }
  }
}

static void clear(Room *room) {
  size_t bytes = sizeof(float) * ((size_t)room->places.many + 1);
  memset(room->total, 0, bytes);
  memset(room->rank, 0, bytes);
  forget(&room->places);
}

static int answer_one(const Links *links, const Asked *asked, int64_t person, Room *room, const Answer *answer) {
  const Matrix *matrix = &links->matrix;
  int64_t first = person * asked->k;
  listen(links, list(asked, person), room);
  if (find(matrix, room->row, room->rows)) return DAMAGED;
  if (add_up(matrix, room->row, 0, room->rows, room->rows, &room->places, room->total, room->place) < 0) return DAMAGED;
  choose(room, asked->k);
  for (int32_t at = 0; at < room->best.many; at++) {
    answer->item[first + at] = number_of(room->best.key[at]);
    answer->score[first + at] = score_of(room->best.key[at]);
  }
  explain(links, room, answer->because + first);
  answer->many[person] = room->best.many;
  return DONE;
}

/* How many bytes `detak_rows_answer` works in: nought when they are first handed over, then left as it leaves them. */
PUBLIC int64_t detak_rows_room(const Links *links, int32_t k) {
  uintptr_t at = 0;
  room_at(links, k, &at);
  return (int64_t)at;
}

PUBLIC int detak_rows_answer(const Links *links, const Asked *asked, void *bytes, const Answer *answer) {
  uintptr_t at = (uintptr_t)bytes;
  Room room = room_at(links, asked->k, &at);
  List closed = list(asked, 2 * asked->people);
  int found = DONE;
  mark(&links->matrix, room.shut, closed, CLOSED, CLOSED);
  for (int64_t person = 0; person < asked->people && found == DONE; person++) {
    List own = list(asked, asked->people + person);
    mark(&links->matrix, room.shut, own, SHUT | CLOSED, SHUT);
    found = answer_one(links, asked, person, &room, answer);
    clear(&room);
    mark(&links->matrix, room.shut, own, CLOSED, 0);
  }
  mark(&links->matrix, room.shut, closed, 0, 0);
  return found;
}
