/*
 * Cards that another system has generated, taken in.
 */
#include "card_import.h"

void
RequireNotImported(const char *series_code, const NumberFormat *format)
{
}
