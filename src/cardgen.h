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

/* Most clients can't read days before the first year or after the year 9999. */
#define FIRST_READABLE_DAY (date2j(1, 1, 1) - POSTGRES_EPOCH_JDATE)
#define END_OF_READABLE_DAYS (date2j(10000, 1, 1) - POSTGRES_EPOCH_JDATE)

/* When a batch that is generated now expires by cardgen.batch_retention. */
extern TimestampTz DefaultBatchExpiry(TimestampTz generated_on);

/*
 * Point in time plus retention. DT_NOEND stands for every time from
 * END_OF_READABLE_DAYS on; it is stored as null.
 */
extern TimestampTz AddRetention(TimestampTz from, const Interval *retention);
extern TimestampTz ReadableTime(TimestampTz time);
extern NullableDatum EndArgument(TimestampTz end);

extern bool IsPositiveInterval(const Interval *interval);

#endif
