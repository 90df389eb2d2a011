/* Pages of shelves that were scored elsewhere. */
#include <stdlib.h>

#include "pages.h"

/* How many products the placements of one question speak of at most, the most shelves of a place, rows of one, and k. */
static void measure(const Rows *rows, const Orders *asked, int64_t most[4]) {
  int64_t spoken = 0;
  for (int64_t at = 0; at < asked->places; at++) {
    const Place *place = asked->place + at;
    int64_t listed = 0, shelves = place->shelf_end - place->shelf;
    for (int32_t one = place->shelf; one < place->shelf_end; one++) {
      int32_t shelf = asked->shelf[one];
      listed += rows->end[shelf] - (shelf ? rows->end[shelf - 1] : 0);
    }
    /* Placements side by side mostly have the same shelves, and speak of the same products. */
    int same = at && shelves && place[-1].question == place->question && place[-1].shelf_end - place[-1].shelf == shelves &&
               !memcmp(asked->shelf + place[-1].shelf, asked->shelf + place->shelf, sizeof(int32_t) * shelves);
    int64_t more = place->theirs_end - place->theirs + place->shut_end - place->shut + place->pin_end - place->pin;
    spoken = (at && place[-1].question == place->question ? spoken : 0) + (same ? 0 : listed) + more;
    int64_t here[4] = {spoken, shelves, listed, place->k + place->pin_end - place->pin};
    for (int32_t one = 0; one < 4; one++) most[one] = here[one] > most[one] ? here[one] : most[one];
  }
}

/* `DAMAGED`: there is no memory for it. */
PUBLIC int detak_pages(const Rows *rows, const Orders *asked, const Drawn *answer) {
  int64_t most[4] = {0};
  measure(rows, asked, most);
  int64_t marks = marks_for(most[0]);
  Room room = {0};
  uintptr_t size = 0, at;
  furnish(&room, &size, marks, most[1], most[2], most[3]);
  char *bytes = calloc(1, size);
  if (!bytes) return DAMAGED;
  at = (uintptr_t)bytes;
  furnish(&room, &at, marks, most[1], most[2], most[3]);
  for (int64_t place = 0; place < asked->places; place++) answer_one(&room, rows, asked, (int32_t)place, answer);
  free(bytes);
  return DONE;
}
