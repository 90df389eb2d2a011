/* Which sources this was compiled from: `library.py` takes no library of others. */
#include "gather.h"

PUBLIC const char *detak_sources(void) { return DETAK_SOURCES; }
