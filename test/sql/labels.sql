\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;

-- Each status has a built-in label, which is its default
SELECT * FROM cardgen.status_labels ORDER BY status, label;

-- Labels of the organization: by position, by name, the default or not
SELECT cardgen.create_status_label('Card printed', 'not_issued');
SELECT cardgen.create_status_label(label => 'Card packed', status => 'not_issued', is_default => false);
SELECT cardgen.create_status_label('Handed over', 'issued', true);
SELECT cardgen.create_status_label(is_default => true, status => 'suspended', label => 'Lost');
SELECT cardgen.create_status_label(repeat('l', 255), 'deleted');
SELECT left(label, 20) AS label, status, is_default FROM cardgen.status_labels ORDER BY status, label;

-- A new default takes the place of the one before
SELECT cardgen.create_status_label('Stolen', 'suspended', true);
SELECT cardgen.set_default_label('Card packed');
SELECT cardgen.set_default_label(label => 'Card printed');
SELECT cardgen.set_default_label('Card printed');
SELECT label, status FROM cardgen.status_labels WHERE is_default ORDER BY status, label;

-- The built-in label can be the default again
SELECT cardgen.set_default_label('SUSPENDED');
SELECT cardgen.set_default_label('NOT_ISSUED');
SELECT label, status FROM cardgen.status_labels WHERE is_default ORDER BY status, label;

-- It is so by not being marked, which is how a dump, where it is left out, can tell
SELECT label FROM cardgen.status_label WHERE is_default ORDER BY label;

-- The default is what a batch, an issued card and an expired one get
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 12, 'G', method => 'sequential', max_active_cards => 9, card_expiry_days => 1);
SELECT cardgen.set_default_label('Card packed');
SELECT cardgen.create_status_label('Too old', 'expired', true);
SELECT status_label FROM cardgen.generate_batch('GOLD', 2);
SELECT status_label FROM cardgen.generate_batch('GOLD', 1, 'Card printed');
SELECT status_label FROM cardgen.generate_batch('GOLD', 1, status_label => 'NOT_ISSUED');
SELECT number, status, status_label FROM cardgen.issue_card('G000000000000', 'ann');
SELECT number, status, status_label FROM cardgen.issue_card('G000000000001', 'ann', 'ISSUED');
SELECT number, status, status_label FROM cardgen.issue_new_card('GOLD', 'ann');
UPDATE cardgen.card SET expires_on = 'yesterday' WHERE number = 'G000000000000';
SELECT cardgen.expire_cards();
SELECT number, status, status_label FROM cardgen.find_card('G000000000000');

-- A batch has the label it was given, whatever the default becomes
SELECT cardgen.set_default_label('Card printed');
SELECT card_count, status_label FROM cardgen.batch ORDER BY batch_id;
SELECT number, status_label FROM cardgen.find_card('G000000000002');

-- A batch is one row to relabel; a card with a label of its own keeps it
SELECT number, status_label FROM cardgen.set_card_status('G000000000002', 'NOT_ISSUED');
SELECT cardgen.set_batch_label(batch_id, 'Card packed') FROM cardgen.batch WHERE first_ordinal = 2;
SELECT cardgen.set_batch_label(batch_id => batch_id, status_label => 'Card printed') FROM cardgen.batch WHERE first_ordinal = 3;
SELECT card_count, status_label FROM cardgen.generated_batches ORDER BY batch_id;
SELECT number, status, status_label FROM cardgen.find_card('G000000000000');
SELECT number, status, status_label FROM cardgen.find_card('G000000000001');
SELECT number, status, status_label FROM cardgen.find_card('G000000000002');
SELECT number, status, status_label FROM cardgen.find_card('G000000000003');

-- Labels that are not accepted
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.refused($$cardgen.create_status_label('', 'active')$$);
SELECT pg_temp.refused($$cardgen.create_status_label('   ', 'active')$$);
SELECT pg_temp.refused($$cardgen.create_status_label(repeat('l', 256), 'active')$$);
SELECT pg_temp.refused($$cardgen.create_status_label('Gone', 'gone')$$);
SELECT pg_temp.refused($$cardgen.create_status_label('Lost', 'active')$$);
SELECT pg_temp.refused($$cardgen.create_status_label('Lost', 'suspended', true)$$);
SELECT pg_temp.refused($$cardgen.create_status_label('ACTIVE', 'active')$$);
SELECT pg_temp.refused($$cardgen.set_default_label('Unheard of')$$);
SELECT pg_temp.refused($$cardgen.set_default_label('lost')$$);
SELECT pg_temp.refused($$cardgen.set_default_label('')$$);

-- Only a label of the status not_issued fits a batch
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 1, 'Lost')$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 1, 'Unheard of')$$);
SELECT pg_temp.refused($$cardgen.set_batch_label((SELECT min(batch_id) FROM cardgen.batch), 'ACTIVE')$$);
SELECT pg_temp.refused($$cardgen.set_batch_label((SELECT min(batch_id) FROM cardgen.batch), 'Unheard of')$$);
SELECT pg_temp.refused($$cardgen.set_batch_label(0, 'Card printed')$$);
SELECT pg_temp.refused($$cardgen.set_batch_label(-1, 'Card printed')$$);

-- A label is never renamed, remapped or removed: no function does
SELECT proname, pg_get_function_identity_arguments(oid)
	FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace AND proname ~ 'label' ORDER BY proname;

DROP EXTENSION cardgen;
