/*
 * Everything that cardgen refuses, with the names that README lists.
 */
#include "refusal.h"

/* A hint names only what README grants to whoever meets it, or says whom to ask. */
static const char restore_hint[] = "A DBA can restore it from a backup.";
static const char not_copied_hint[] = "On a subscriber it may not have been copied yet; else a DBA can restore it from a backup.";

static Refusal *
New(int sqlstate, const char *name, const char *sentence, const char *detail, const char *hint)
{
	Refusal    *refusal = palloc(sizeof(Refusal));

	*refusal = (Refusal) {sqlstate, name, sentence, detail, hint};
	return refusal;
}

static Refusal *
Invalid(const char *name, const char *sentence, const char *detail, const char *hint)
{
	return New(ERRCODE_INVALID_PARAMETER_VALUE, name, sentence, detail, hint);
}

static Refusal *
NotReady(const char *name, const char *sentence, const char *detail, const char *hint)
{
	return New(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, name, sentence, detail, hint);
}

void
Refuse(const Refusal *refusal)
{
	ereport(ERROR,
			(errcode(refusal->sqlstate), errmsg_internal("%s", refusal->sentence),
			 refusal->detail == NULL ? 0 : errdetail_internal("%s", refusal->detail),
			 refusal->hint == NULL ? 0 : errhint("%s", refusal->hint),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, refusal->name)));
}

Refusal *
MissingArgument(const char *what)
{
	return Invalid("null_argument", psprintf("%s must not be null", what), NULL, NULL);
}

Refusal *
EmptyText(const char *what)
{
	return Invalid("empty_text", psprintf("%s must not be empty", what), NULL, NULL);
}

Refusal *
TextTooLong(const char *what, int characters, int most)
{
	return Invalid("text_too_long",
				   psprintf("%s is longer than %d characters", what, most), psprintf("It has %d.", characters), NULL);
}

Refusal *
SurroundedByBlanks(const char *what, const char *value)
{
	return Invalid("surrounding_blanks", psprintf("%s \"%s\" begins or ends with a blank", what, value), NULL,
				   "Two that differ in blanks alone would be taken for two customers. Leave the blanks out.");
}

Refusal *
CharacterNotAllowed(const char *what, const char *value, const char *hint)
{
	return Invalid("character_not_allowed",
				   psprintf("%s \"%s\" has a character that is not allowed", what, value), NULL, hint);
}

Refusal *
LengthOutOfRange(const char *what, const char *value, size_t least, size_t most)
{
	return Invalid("length_out_of_range",
				   psprintf("%s \"%s\" must have %zu to %zu characters", what, value, least, most),
				   psprintf("It has %zu.", strlen(value)), NULL);
}

Refusal *
BelowMinimum(const char *what, int64 value, int64 least)
{
	return Invalid("below_minimum",
				   psprintf("%s " INT64_FORMAT " must be at least " INT64_FORMAT, what, value, least), NULL, NULL);
}

Refusal *
OutOfRange(const char *what, int64 value, int64 least, int64 most)
{
	return Invalid("out_of_range", psprintf("%s " INT64_FORMAT " must be from " INT64_FORMAT " to " INT64_FORMAT,
							what, value, least, most), NULL, NULL);
}

Refusal *
NotPositive(const char *what, const char *value)
{
	return Invalid("not_positive", psprintf("%s \"%s\" must be positive", what, value), NULL, NULL);
}

Refusal *
NotOneDimensional(const char *what)
{
	return Invalid("array_dimensions", psprintf("%s must be an array of one dimension", what), NULL, NULL);
}

Refusal *
UnequalArrays(const char *what, int64 count, const char *other, int64 other_count)
{
	return Invalid("unequal_arrays", psprintf("%s and %s must have the same number of elements", what, other),
				   psprintf("They have " INT64_FORMAT " and " INT64_FORMAT ".", count, other_count), NULL);
}

Refusal *
CallLimit(const char *what, int64 count, int most, bool is_batch)
{
	return New(ERRCODE_PROGRAM_LIMIT_EXCEEDED, "call_limit",
			   psprintf("%s " INT64_FORMAT " is above the limit of %d", what, count, most), NULL,
			   is_batch ? "Make several batches, or ask a DBA for cardgen.generate_order() or a greater cardgen.max_cards_per_call." :
			   "Make several calls, or ask a DBA for a greater cardgen.max_cards_per_call.");
}

Refusal *
WrongLabel(const char *use, const char *label, const char *status, const char *hint)
{
	return Invalid("wrong_label", psprintf("%s status label \"%s\"", use, label),
			   psprintf("The label stands for the status \"%s\".", status), hint);
}

Refusal *
UnknownSeries(const char *code)
{
	return New(ERRCODE_UNDEFINED_OBJECT, "unknown_series", psprintf("card series \"%s\" does not exist", code), NULL,
			   "The view cardgen.series_usage lists the series there are.");
}

Refusal *
SeriesExists(const char *code)
{
	return New(ERRCODE_DUPLICATE_OBJECT, "series_exists", psprintf("card series \"%s\" already exists", code), NULL, NULL);
}

Refusal *
SeriesUsed(const char *code)
{
	return NotReady("series_used", psprintf("card series \"%s\" has numbers", code),
					"What was generated or imported has to be recognized, and never to be generated again.",
					psprintf("Deactivate it with cardgen.alter_series(code => '%s', is_active => false).", code));
}

Refusal *
SeriesInactive(const char *code)
{
	return NotReady("series_inactive", psprintf("card series \"%s\" is not active", code), NULL,
					psprintf("A DBA can activate it with cardgen.alter_series(code => '%s', is_active => true).", code));
}

Refusal *
SeriesImported(const char *code)
{
	return NotReady("series_imported", psprintf("card series \"%s\" generates no numbers", code),
					"Its cards come by import only.", "Generate in a series with a method of generation.");
}

Refusal *
SeriesExhausted(const char *code, int64 remaining, int64 count, int64 capacity)
{
	return New(ERRCODE_SEQUENCE_GENERATOR_LIMIT_EXCEEDED, "series_exhausted",
			   psprintf("card series \"%s\" has only " INT64_FORMAT " number%s left",
						code, remaining, remaining == 1 ? "" : "s"),
			   psprintf(INT64_FORMAT " were asked for; the format has " INT64_FORMAT " in all.", count, capacity),
			   "Have a series created with a greater length or another prefix.");
}

Refusal *
FormatOverlaps(const char *code, const char *other, int characters)
{
	return New(ERRCODE_EXCLUSION_VIOLATION, "format_overlap",
			   psprintf("card series \"%s\" could have the same numbers as card series \"%s\"", code, other),
			   psprintf("The numbers of both have %d characters, and no position always tells them apart, letter case aside.",
						characters), "Choose another prefix, suffix or length.");
}

Refusal *
FormatImported(const char *code, int64 count, const char *other)
{
	return New(ERRCODE_EXCLUSION_VIOLATION, "format_imported",
			   psprintf("card series \"%s\" could have numbers that have been imported", code),
			   psprintf(INT64_FORMAT " imported number%s this format, the first in card series \"%s\".",
						count, count == 1 ? " has" : "s have", other),
			   "Choose another prefix, suffix or length, or import into the series after creating it.");
}

Refusal *
RepeatedCharacter(const char *alphabet, char character)
{
	return Invalid("repeated_character",
				   psprintf("alphabet \"%s\" has the character \"%c\" twice", alphabet, character), NULL, NULL);
}

Refusal *
FormatLength(int length, int least, int most, int affixes)
{
	return Invalid("format_length", psprintf("length %d is out of range", length),
			   psprintf("With this prefix and suffix it can be %d to %d, for %d to %d characters in all.",
						least, most, least + affixes, most + affixes), NULL);
}

Refusal *
CheckDigitAlphabet(const char *alphabet)
{
	return Invalid("check_digit_alphabet", psprintf("alphabet \"%s\" can't have a check digit", alphabet), NULL,
				   "Check digits go with the alphabet \"0123456789\" only.");
}

Refusal *
NegativeOffset(int64 offset)
{
	return Invalid("negative_offset",
				   psprintf("card_offset " INT64_FORMAT " must not be negative", offset), NULL, NULL);
}

Refusal *
OffsetOfRandom(void)
{
	return Invalid("offset_of_random", "a random series has no card_offset", NULL,
			   "Give card_offset with method => 'sequential'.");
}

Refusal *
OffsetTooLarge(int64 offset, int length)
{
	return Invalid("offset_too_large",
				   psprintf("card_offset " INT64_FORMAT " does not fit length %d", offset, length), NULL, NULL);
}

Refusal *
FormatOfImported(const char *what)
{
	return Invalid("format_of_imported", psprintf("an imported series has no %s", what),
			   "Its numbers are as the other system made them.",
			   "Leave out what describes a format, with NULL as length.");
}

Refusal *
UnknownLabel(const char *label)
{
	return New(ERRCODE_UNDEFINED_OBJECT, "unknown_label", psprintf("status label \"%s\" does not exist", label), NULL,
			   "The view cardgen.status_labels lists the labels there are.");
}

Refusal *
LabelExists(const char *label)
{
	return New(ERRCODE_DUPLICATE_OBJECT, "label_exists", psprintf("status label \"%s\" already exists", label), NULL, NULL);
}

Refusal *
LabelMissing(const char *status)
{
	return NotReady("label_missing", psprintf("the status \"%s\" has no label here", status),
					"The table cardgen.status_label has no default for it.", not_copied_hint);
}

Refusal *
UnknownBatch(int64 batch_id)
{
	return New(ERRCODE_UNDEFINED_OBJECT, "unknown_batch", psprintf("batch " INT64_FORMAT " does not exist", batch_id),
			   "It was never generated, or it has been removed.",
			   "The view cardgen.card_stock lists the batches there are.");
}

Refusal *
BatchBroken(int32 batch_id)
{
	return NotReady("batch_broken", psprintf("batch %d does not have the numbers that it was generated with", batch_id),
					"Its row in cardgen.batch, or that of its series, was changed.", restore_hint);
}

Refusal *
ListRemoved(int32 batch_id)
{
	return NotReady("list_removed",
					psprintf("the list of batch %d has been removed", batch_id), "Its cards can still be issued.",
					psprintf("A DBA can put its numbers back with cardgen.retain_batch(%d, until => ...).", batch_id));
}

Refusal *
RetainedLonger(int32 batch_id, const char *expires_on)
{
	return Invalid("retained_longer", psprintf("batch %d is kept longer than that already", batch_id),
				   expires_on == NULL ? "It has no end." : psprintf("It expires on %s.", expires_on),
				   psprintf("cardgen.remove_batch(%d) removes it now.", batch_id));
}

Refusal *
RetainedToThePast(int32 batch_id, const char *until)
{
	return Invalid("retained_to_the_past", psprintf("batch %d can't be put back on the list until %s", batch_id, until),
				   "That time has passed.", NULL);
}

Refusal *
RequestReused(const char *request_id)
{
	return Invalid("request_reused", psprintf("request_id \"%s\" was used with other arguments", request_id), NULL,
				   "Repeat a call with all its arguments, and give a new one a new request_id.");
}

Refusal *
InTransactionBlock(void)
{
	return New(ERRCODE_INVALID_TRANSACTION_TERMINATION, "in_transaction_block",
			   "an order can't be generated inside a transaction block",
			   "It commits after each batch.", "Use cardgen.generate_batch() there.");
}

static Refusal *
NoCard(const char *name, const char *number, const char *detail)
{
	return New(ERRCODE_UNDEFINED_OBJECT, name, psprintf("card \"%s\" does not exist", number), detail, NULL);
}

Refusal *
UnknownCard(const char *number)
{
	return NoCard("unknown_card", number, "No card series has numbers of this form.");
}

Refusal *
BadCheckDigit(const char *number)
{
	return NoCard("bad_check_digit", number, "Its check digit is wrong.");
}

Refusal *
NeverGenerated(const char *number)
{
	return NoCard("never_generated", number, "It was never generated.");
}

Refusal *
BatchRemoved(const char *number)
{
	return NoCard("batch_removed", number, "Its batch has been removed, or it was skipped.");
}

Refusal *
CardIssued(const char *number)
{
	return NotReady("card_issued", psprintf("card \"%s\" has been issued", number), "A card is issued once.",
					"After a lost connection, cardgen.find_card() tells whether it was this call that issued it.");
}

Refusal *
CardNotIssued(const char *number)
{
	return NotReady("card_not_issued", psprintf("card \"%s\" has not been issued", number), NULL,
					"Issue the card with cardgen.issue_card().");
}

Refusal *
CardEnded(const char *number, const char *status)
{
	return NotReady("card_ended", psprintf("card \"%s\" is %s", number, status),
			   psprintf("The status \"%s\" is final.", status), NULL);
}

Refusal *
CardReplaced(const char *number, const char *by)
{
	return NotReady("card_replaced",
					psprintf("card \"%s\" has been replaced", number), psprintf("Card \"%s\" follows it.", by),
					psprintf("Replace card \"%s\".", by));
}

Refusal *
CardReplacesItself(const char *number)
{
	return Invalid("card_replaces_itself", psprintf("card \"%s\" can't replace itself", number), NULL, NULL);
}

Refusal *
StatusChange(const char *number, const char *from, const char *to, const char *detail, const char *hint)
{
	return NotReady("status_change",
					psprintf("card \"%s\" can't change from status \"%s\" to \"%s\"", number, from, to), detail, hint);
}

Refusal *
SameLabel(const char *number, const char *label)
{
	return NotReady("same_label", psprintf("card \"%s\" has status label \"%s\" already", number, label), NULL, NULL);
}

Refusal *
SeriesLimit(const char *customer_id, const char *series_code, int64 held, int most)
{
	return NotReady("series_limit",
					psprintf("customer \"%s\" can't hold another card of series \"%s\"", customer_id, series_code),
					psprintf("The customer holds " INT64_FORMAT "; the series allows %d.", held, most), NULL);
}

Refusal *
CustomerLimit(const char *customer_id, int64 held, int most)
{
	return NotReady("customer_limit", psprintf("customer \"%s\" can't hold another card", customer_id),
					psprintf("The customer holds " INT64_FORMAT "; cardgen.max_active_cards_per_customer is %d.",
						held, most), NULL);
}

Refusal *
SameCustomer(const char *customer_id)
{
	return Invalid("same_customer",
				   psprintf("customer \"%s\" can't be both sides of the change", customer_id), NULL, NULL);
}

Refusal *
NumberExists(const char *number)
{
	return New(ERRCODE_DUPLICATE_OBJECT, "number_exists", psprintf("card \"%s\" already exists", number), NULL, NULL);
}

Refusal *
NumberRepeated(const char *number)
{
	return New(ERRCODE_DUPLICATE_OBJECT, "number_repeated",
			   psprintf("card \"%s\" stands twice in the call", number), NULL, NULL);
}

Refusal *
NumberGenerated(const char *number)
{
	return New(ERRCODE_DUPLICATE_OBJECT, "number_generated", psprintf("card \"%s\" was generated here", number),
			   "It can be issued, but not imported.", NULL);
}

Refusal *
NumberOverlaps(const char *number, const char *series_code)
{
	return New(ERRCODE_EXCLUSION_VIOLATION, "number_overlap",
			   psprintf("number \"%s\" could be one of card series \"%s\"", number, series_code), NULL,
			   "Import it into that series.");
}

Refusal *
MalformedNumber(const char *number, const char *series_code)
{
	return Invalid("malformed_number",
				   psprintf("number \"%s\" is not one of card series \"%s\"", number, series_code), NULL,
				   "A series with method => 'imported' takes any 1 to 150 printable ASCII characters without blanks.");
}

Refusal *
ImportedCheckDigit(const char *number)
{
	return Invalid("imported_check_digit", psprintf("number \"%s\" has a wrong check digit", number), NULL, NULL);
}

Refusal *
CustomerMissing(const char *number, const char *label)
{
	return Invalid("customer_missing",
				   psprintf("card \"%s\" can't have status label \"%s\" without a customer", number, label), NULL, NULL);
}

Refusal *
CustomerOfUnissued(const char *number, const char *label)
{
	return Invalid("customer_of_unissued",
				   psprintf("card \"%s\" can't have a customer and status label \"%s\"", number, label),
				   "The label stands for the status \"not_issued\".", NULL);
}

Refusal *
DateOfUnissued(const char *number, const char *what)
{
	return Invalid("date_of_unissued",
				   psprintf("card \"%s\" can't have %s before it is issued", number, what), NULL, NULL);
}

Refusal *
DateBeyond(const char *what, const char *number)
{
	return Invalid("date_out_of_range", psprintf("%s of card \"%s\" is out of range", what, number),
				   "It is infinite or beyond the years that clients can read.", NULL);
}

Refusal *
NotATrigger(void)
{
	return New(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "not_a_trigger",
			   "configuration_changed can only be called as a trigger", NULL, NULL);
}

Refusal *
ConcurrentChange(const char *what)
{
	return New(ERRCODE_T_R_SERIALIZATION_FAILURE, "concurrent_change",
			   psprintf("could not serialize access due to a concurrent change of %s", what), NULL,
			   "Repeat the transaction.");
}

Refusal *
KeyMissing(const char *series_code)
{
	return NotReady("key_missing", psprintf("card series \"%s\" has no key here", series_code),
					"Its row in cardgen.series_key is missing.", not_copied_hint);
}

Refusal *
KeyWrapped(const char *series_code)
{
	return NotReady("key_wrapped", psprintf("the key of card series \"%s\" can't be unwrapped", series_code),
					"Neither cardgen.key_command nor cardgen.former_key_command gives the key it was wrapped under.",
					"A DBA can set one of them to the command that does.");
}

Refusal *
KeyCommandUnset(void)
{
	return NotReady("key_command_unset", "cardgen.key_command is not set", "It gives the key to wrap the others under.",
					"Set it in postgresql.conf or with ALTER SYSTEM, and reload the configuration.");
}

/* Never with what was printed. */
Refusal *
KeyCommandFailed(const char *setting, const char *how)
{
	return NotReady("key_command_failed", psprintf("the command of %s gives no key", setting), how,
					"A DBA finds what it prints to standard error in the server's log.");
}

Refusal *
SeriesIncomplete(const char *code)
{
	return NotReady("series_incomplete", psprintf("card series \"%s\" is not complete here", code),
					"Its rows in cardgen.series, cardgen.series_key and cardgen.series_counter are not of one creation.", not_copied_hint);
}

Refusal *
CounterBehind(const char *series_code)
{
	return NotReady("counter_behind", psprintf("the counter of card series \"%s\" is behind its numbers here", series_code),
					"A number that is in use would come again.",
					"A DBA can pass over numbers with cardgen.skip_numbers(), or restore cardgen.series_counter and cardgen.free_range from the backup that the other tables are from.");
}

Refusal *
BatchIdsBehind(int32 batch_id)
{
	return NotReady("batch_ids_behind", psprintf("batch %d is there already", batch_id),
					"The sequence cardgen.batch_id_seq is behind.", "A DBA can set it to the greatest last_batch_id in cardgen.series_counter.");
}

Refusal *
SeriesBroken(const char *code)
{
	return NotReady("series_broken", psprintf("card series \"%s\" has no possible number format here", code),
					"Its row in cardgen.series was changed.", restore_hint);
}

Refusal *
WriteSuppressed(const char *table)
{
	return NotReady("write_suppressed", psprintf("a trigger has kept a change of cardgen.%s from being made", table), NULL,
					"A DBA can have it raise an error instead of returning NULL.");
}

Refusal *
CounterBroken(const char *code)
{
	return NotReady("counter_broken", psprintf("the counter of card series \"%s\" is out of range here", code),
					"Its rows in cardgen.series_counter, free_range or reserved_range were changed.", restore_hint);
}

Refusal *
CitusMissing(void)
{
	return NotReady("citus_missing", "the extension \"citus\" is not in this database",
					"It is what spreads tables over several machines.",
					"Create it on each of them and add the worker nodes with citus_add_node().");
}

Refusal *
WorkerNode(void)
{
	return NotReady("worker_node", "cardgen does not work on a worker node",
					"Card series, their keys and their counters are on the coordinator.", "Connect to the coordinator.");
}

Refusal *
IsolationLevel(const char *level)
{
	return New(ERRCODE_FEATURE_NOT_SUPPORTED, "isolation_level",
			   psprintf("cards on Citus can't be changed at isolation level \"%s\"", level),
			   "Cards that others issue meanwhile would not be seen.", "Use the isolation level \"read committed\".");
}
