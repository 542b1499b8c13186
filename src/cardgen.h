/*
 * The settings of the extension, and what every verb does with its arguments.
 */
#ifndef CARDGEN_H
#define CARDGEN_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"

/* cardgen.* settings, see cardgen.c */
extern int	max_cards_per_call;
extern int	max_active_cards_per_customer;
extern bool count_only_active;

/* When a batch that is generated now expires by cardgen.batch_retention. */
extern TimestampTz DefaultBatchExpiry(TimestampTz generated_on);

/* Point in time plus retention, 'infinity' where that is beyond any time. */
extern TimestampTz AddRetention(TimestampTz from, const Interval *retention);
extern bool IsPositiveInterval(const Interval *interval);

/* Refuses a null argument. */
extern void RequireArgument(FunctionCallInfo fcinfo, int number, const char *name);

/* A text argument as a C string; NULL where it is null, or an error. */
extern char *OptionalText(FunctionCallInfo fcinfo, int number);
extern char *RequiredText(FunctionCallInfo fcinfo, int number, const char *name);

/* A text that people read: neither blank nor longer than 255 characters. */
extern void CheckName(const char *value, const char *what);

#endif
