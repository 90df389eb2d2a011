/* A fitted blend as the kernel reads it, and the room that it works in. */
#ifndef DETAK_BLEND_H
#define DETAK_BLEND_H

#include "best.h"
#include "gather.h"

enum { DEPTH = 100 };                 /* touches of a history that are heard, at most: `links.DEPTH` */
enum { TILE = 16 };                   /* units of the ranker that are worked out at once; `units` is a multiple of it */
enum { SPOKEN = 4, KNOWN = 6 };       /* features of each slot, and of the product and the person */
#define SMALL 1e-3f

/* A slot is a model, or, after all of these, a model that is asked about the last touch alone. */
typedef struct {
  Matrix matrix; /* the rows of all models, one model's after the other's */
  int32_t models, slots, nominees, known, far, units;
  const int32_t *model, *fade_start; /* by slot: its model; where what a touch counts begins, and the end */
  const float *fade;                 /* what a touch counts, by how many came after it */
  const int32_t *popular;            /* `known` items, the most touched first */
  const float *fame;                 /* items x 3: features of each */
  const float *standing;             /* places x 2: what is said of a place in the order of a slot; `far` where there is none */
  const float *inner;                /* units / TILE x features x TILE: the weights of the ranker */
  const float *shift, *outer;        /* by unit */
  const float *least;                /* by unit, how little it may say: 0 where it is hidden, -inf where it goes straight to the score */
} Blend;

/* All candidates in the order of their numbers, and what is said of each, without logarithms: these NumPy takes, so that what is learnt
   from it is the same to the bit wherever there is no kernel. As many places a person as there may be. */
typedef struct {
  int32_t *item;
  float *features;
  int32_t *many; /* by person */
} Told;

typedef struct {
  Places places;
  float *total;   /* slots x stride: what each says, by place; at nought between two answers */
  uint8_t *mark;  /* by item; at nought between two answers */
  uint8_t *met;   /* by place, the last slot that offered it, from 1; at nought between two answers */
  int32_t *rank;  /* by place: which of some products it is, from 1; at nought between two uses */
  int64_t stride;
  int32_t *place; /* by entry that was added up: the place of its item */
  Row *row;       /* those of one slot after those of another */
  int32_t rows;
  int32_t touches;
  int32_t history[DEPTH]; /* the last touches, the last one last */
  Best best;
  int32_t *candidate, *spot, candidates; /* the item and the place of each */
  int32_t *speaking, *standing; /* the candidates that one slot speaks of, their places in its order, and what it says */
  float *value;
  float *features, *score;
  double *said, *sum; /* touches x chosen */
} Room;

static inline int32_t features_of(const Blend *blend) { return blend->slots * SPOKEN + KNOWN; }
static inline int32_t capacity_of(const Blend *blend) { return (blend->models + 1) * blend->nominees; }

static inline Room room_at(const Blend *blend, uintptr_t *at) {
  int64_t items = blend->matrix.items, rows = blend->fade_start[blend->slots], capacity = capacity_of(blend);
  int64_t entries = rows * blend->matrix.longest;
  int64_t places = 1 + (entries + capacity < items ? entries + capacity : items);
  Room room = {0};
  /* What must be at nought lies first. */
  room.places.where = part(at, 4 * items);
  room.stride = places;
  room.total = part(at, 4 * places * blend->slots);
  room.mark = part(at, items);
  room.met = part(at, places);
  room.rank = part(at, 4 * places);
  room.places.seen = part(at, 4 * places);
  room.place = part(at, 4 * entries);
  room.row = part(at, (int64_t)sizeof(Row) * rows);
  room.candidate = part(at, 4 * capacity);
  room.spot = part(at, 4 * capacity);
  room.best.key = part(at, 8 * (int64_t)space_for((int32_t)capacity));
  room.best.spare = part(at, 8 * (int64_t)space_for((int32_t)capacity));
  room.speaking = part(at, 4 * capacity);
  room.standing = part(at, 4 * capacity);
  room.value = part(at, 4 * capacity);
  room.features = part(at, 4 * capacity * features_of(blend));
  room.score = part(at, 4 * capacity);
  room.said = part(at, 8 * DEPTH * capacity);
  room.sum = part(at, 8 * DEPTH * capacity);
  return room;
}

#endif
