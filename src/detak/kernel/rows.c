/* The best of an item-to-item matrix for many people: the rows of what each touched, added up (`recommend/serve.py`). */
#include "gather.h"

/* Items that the matrix does not have are passed over. */
typedef struct {
  int64_t people;
  const int32_t *touched; /* none twice for a person */
  const int64_t *start;   /* by person, where what was touched begins, and the end */
  const float *weight;
  const int32_t *shut;
  const int64_t *shut_start;
  const int32_t *closed; /* to everybody */
  int64_t closed_many;
  int32_t k, most; /* most: what the longest history has */
} Asked;

/* People x k, best first, and how many each person has. */
typedef struct {
  int32_t *item;
  float *score;
  int32_t *because; /* the item whose row says most */
  int32_t *many;
} Answer;

typedef struct {
  Sums sums;
  uint8_t *closed; /* by item; at nought between two calls */
  int32_t *rank;   /* by place: which of the best it is, from 1; at nought between two answers */
  Row *row;
  int32_t rows;
  float *loudest;
  Best best;
} Room;

static Room room_at(const Matrix *matrix, const Asked *asked, uintptr_t *at) {
  int64_t entries = (int64_t)asked->most * matrix->longest;
  int64_t places = 1 + (entries < matrix->items ? entries : matrix->items);
  Room room = {0};
  room.sums.where = part(at, 4 * (int64_t)matrix->items);
  room.closed = part(at, matrix->items);
  room.rank = part(at, 4 * ((int64_t)matrix->items + 1)); /* what stays at nought lies first, whatever is asked */
  room.sums.total = part(at, 4 * ((int64_t)matrix->items + 1));
  room.sums.seen = part(at, 4 * places);
  room.sums.place = part(at, 4 * entries);
  room.sums.slots = 1;
  room.row = part(at, (int64_t)sizeof(Row) * asked->most);
  room.loudest = part(at, 4 * (int64_t)asked->k);
  room.best.key = part(at, 8 * (int64_t)asked->k);
  return room;
}

static int within(const Matrix *matrix, int32_t item) { return (uint32_t)item < (uint32_t)matrix->items; }

static void explain(const Matrix *matrix, Room *room, const int32_t *touched, int32_t *because) {
  const int32_t *place = room->sums.place;
  for (int32_t at = 0; at < room->best.many; at++) {
    room->loudest[at] = -__builtin_inff();
    room->rank[room->sums.where[item_of(room->best.key[at])]] = at + 1;
  }
  for (int32_t at = 0; at < room->rows; at++) {
    const Row *row = room->row + at;
    for (int32_t entry = 0; entry < row->length; entry++) {
      int32_t rank = room->rank[*place++];
      if (!rank) continue;
      float told = matrix->value[row->first + entry] * row->weight;
      if (told > room->loudest[rank - 1]) {
        room->loudest[rank - 1] = told;
        because[rank - 1] = touched[row->touch];
      }
    }
  }
  for (int32_t at = 0; at < room->best.many; at++) room->rank[room->sums.where[item_of(room->best.key[at])]] = 0;
}

static void close_all(const Matrix *matrix, const Asked *asked, Room *room, uint8_t closed) {
  for (int64_t at = 0; at < asked->closed_many; at++)
    if (within(matrix, asked->closed[at])) room->closed[asked->closed[at]] = closed;
}

static int answer_one(const Matrix *matrix, const Asked *asked, int64_t person, Room *room, const Answer *answer) {
  Sums *sums = &room->sums;
  const int32_t *touched = asked->touched + asked->start[person];
  int32_t touches = (int32_t)(asked->start[person + 1] - asked->start[person]);
  room->rows = 0;
  for (int32_t at = 0; at < touches; at++)
    if (within(matrix, touched[at]))
      room->row[room->rows++] = (Row){touched[at], 0, 0, at, asked->weight[asked->start[person] + at]};
  if (find(matrix, room->row, room->rows) || add_up(matrix, room->row, room->rows, sums)) return DAMAGED;
  for (int64_t at = asked->shut_start[person]; at < asked->shut_start[person + 1]; at++)
    if (within(matrix, asked->shut[at])) sums->total[sums->where[asked->shut[at]]] = 0; /* place 0 is nobody's */
  room->best.many = 0;
  room->best.most = asked->k;
  float least = least_of(&room->best);
  for (int32_t place = 1; place <= sums->many; place++) {
    if (sums->total[place] < least || room->closed[sums->seen[place]]) continue;
    offer(&room->best, key_of(sums->total[place], sums->seen[place]));
    least = least_of(&room->best);
  }
  in_order(&room->best);
  int64_t first = person * asked->k;
  for (int32_t at = 0; at < room->best.many; at++) {
    answer->item[first + at] = item_of(room->best.key[at]);
    answer->score[first + at] = sums->total[sums->where[item_of(room->best.key[at])]];
  }
  explain(matrix, room, touched, answer->because + first);
  answer->many[person] = room->best.many;
  return DONE;
}

/* How many bytes `detak_rows_best` works in, which are nought when they are first handed over and left as it leaves them. */
PUBLIC int64_t detak_rows_room(const Matrix *matrix, const Asked *asked) {
  uintptr_t at = 0;
  room_at(matrix, asked, &at);
  return (int64_t)at;
}

PUBLIC int detak_rows_best(const Matrix *matrix, const Asked *asked, void *bytes, const Answer *answer) {
  uintptr_t at = (uintptr_t)bytes;
  Room room = room_at(matrix, asked, &at);
  int found = DONE;
  close_all(matrix, asked, &room, 1);
  for (int64_t person = 0; person < asked->people && found == DONE; person++) {
    found = answer_one(matrix, asked, person, &room, answer);
    forget(&room.sums);
  }
  close_all(matrix, asked, &room, 0);
  return found;
}
