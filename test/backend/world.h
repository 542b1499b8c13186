/*
 * What is played in: the series, labels, customers and limits.
 */
#ifndef BACKEND_WORLD_H
#define BACKEND_WORLD_H

#include "client/client.h"

#define CUSTOMER_LIMIT		4	/* cardgen.max_active_cards_per_customer */
#define NUMBER_SIZE			152
#define CUSTOMER_SIZE		50

typedef struct Series
{
	const char *code;
	const char *arguments;		/* of create_series */
	const char *refusals;		/* what generating may end with */
	int			max_active_cards;
} Series;

enum
{
	GOLD, CLUB, SHORT, LAST, TINY, LONG, SERIES_COUNT
};

#define LABEL_COUNT			10
#define NOT_ISSUED_LABELS	3	/* the first ones */

extern const Series all_series[SERIES_COUNT];
extern const char *const labels[LABEL_COUNT];
extern int	customer_count;
extern bool counts_only_active;

extern PGconn *ConnectToWorld(void);
extern void CreateWorld(PGconn *connection);
extern void NameCustomer(char *name, int customer);

#endif
