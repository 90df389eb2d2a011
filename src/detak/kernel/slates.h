/* What slates are made of and from; `decide/compiled_slates.py` has the same structures. */
#ifndef DETAK_SLATES_H
#define DETAK_SLATES_H

#include "pages.h"

enum { FEATURES = 9, LATELY = 12, BESIDE = 14, FAVOURITES = 3, MOST_REASONS = 3 };

/* Shelves. */
enum { CONTINUE, FOR_YOU, TRENDING, NEW, OFFERS, TOGETHER, PINNED, SHELVES };

/* Whether what is known of the visitor fills it. */
static inline int is_own(int32_t shelf) { return shelf == CONTINUE || shelf == FOR_YOU || shelf == TOGETHER; }

/* Why a product stands where it stands: for a product of the visitor's own, by how it was touched; or for its kind; or for its shelf. */
enum { OF_KIND = 4, OF_SHELF = 5, REASONS = OF_SHELF + SHELVES };

/* Texts one after the other: text n is `text[at[n] .. at[n + 1]]`. All of them are JSON. */
typedef struct {
  const char *text;
  const int64_t *at;
} Texts;

/* What goes with a product, best first: `item[start[p] .. start[p + 1]]`, for the first products. */
typedef struct {
  const int64_t *start;
  const int32_t *item;
  int64_t products, longest;
} Going;

/* What holds of the products for everyone: by product, with a last row for any other. */
typedef struct {
  int64_t items;
  const int32_t *category;
  const int32_t *kind;     /* the category that somebody leans to who touches it; -1: to none */
  const uint8_t *sensitive;
  const uint8_t *features; /* four of each */
  int64_t kinds;
  const double *usual;     /* by kind: the share of all touches */
  const uint8_t *silent;   /* by kind: whether nothing is said of it */
  const int32_t *best, *best_end; /* by kind: its best products, kind after kind */
  int64_t goings;          /* models of what goes with a product, of which the first that knows of anything is gone by */
  const Going *going;
  Texts name, called;      /* of products, and of kinds */
  Texts words;             /* what comes before a shelf's reason, by shelf; then how reasons begin */
} Goods;

/* What a placement's rules make of them. */
typedef struct {
  const double *same, *worth; /* by product: the part of the logit that is the same for everyone; what a click is worth */
  const uint8_t *open;        /* by product: whether it may be shown */
  double fit, rank, lean, base[3]; /* weights; what the logit begins with, on `CONTINUE`, `FOR_YOU` and `TOGETHER` */
  double share, most_loss, shelf_share, category_share;
  int64_t shelf_most, shelves, pins;
  const int32_t *shelf; /* the shelves of the page */
  const int32_t *pin_at;
} View;

/* A shelf that is the same for all who are there then. */
typedef struct {
  const int64_t *product;
  const double *score;
  const int32_t *category;
  const uint8_t *told;
  int64_t many, shelf;
} Common;

/* Who is on which page. Lists are places in arrays of `Wanted`, from the first to before the end. */
typedef struct {
  int64_t touch, touch_end;   /* what they touched, the last one last */
  int64_t bought, bought_end; /* in `number` */
  int64_t shut, shut_end;     /* what guardrails keep from them */
  int64_t beside;             /* the product that is gone by: the page's, or the last one touched; -1: none */
  int64_t fit, fits;          /* the first cell of what the model says to them, and how many there are */
  int64_t here;               /* in `more`: why what many turn to there and then stands where it stands */
  int64_t names;              /* in `more`: the first of the names of products that have no number of their own */
} Visitor;

/* One placement. */
typedef struct {
  int64_t question, visitor, view, k;
  int64_t shut, shut_end; /* not to be shown: in `number` */
  int64_t common;         /* in `common_of`: the shelves of its view that are for everyone, in their order */
  int64_t pinned;         /* the shelf of `Common` that the products of its pins are on */
  int64_t first;          /* where its rows go */
} Wish;

typedef struct {
  const Goods *goods;
  const View *const *view;
  const Common *common;
  int64_t visitors, wishes, commons; /* how many there are of each */
  const Visitor *visitor;
  const Wish *wish;
  const int64_t *touched;
  const int8_t *how;
  const int64_t *number;
  const int32_t *item; /* what the model says: products, how well each fits, and for which touched one */
  const float *score;
  const int32_t *because;
  const int64_t *common_of;
  const double *lot; /* by wish; < 0: nothing is tried */
  Texts more;
} Wanted;

typedef struct {
  char *text;
  int64_t room;     /* how many bytes there are */
  int64_t *end;     /* by wish: where its slate ends, and its strongest reasons; they begin where the one before ends */
  int64_t *product; /* by row, from `Wish.first` on */
  uint8_t *personal; /* by row: whether what is known of the person chose it */
  uint8_t *told;    /* by row: `FEATURES` */
  int32_t *many;    /* by wish */
  uint8_t *variant;
  double *chance;
} Slates;

#endif
