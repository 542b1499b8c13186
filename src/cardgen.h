/*
 * The settings of the extension, and times by them.
 */
#ifndef CARDGEN_H
#define CARDGEN_H

#include "postgres.h"

#include "utils/timestamp.h"

extern int	max_cards_per_call;
extern int	max_active_cards_per_customer;
extern bool count_only_active;

/* When a batch that is generated now expires by cardgen.batch_retention. */
extern TimestampTz DefaultBatchExpiry(TimestampTz generated_on);

/*
 * Point in time plus retention. DT_NOEND stands for every time that most
 * clients can't read, from the year 10000 on; it is stored as null.
 */
extern TimestampTz AddRetention(TimestampTz from, const Interval *retention);
extern TimestampTz ReadableTime(TimestampTz time);
extern NullableDatum EndArgument(TimestampTz end);

extern bool IsPositiveInterval(const Interval *interval);

#endif
