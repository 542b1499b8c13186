\ir by_hand.sql
CREATE SEQUENCE by_hand.number;
SELECT cardgen.create_series('HOT', 'Hot', length => 16, prefix => 'H', check_digit => 'luhn',
							 max_active_cards => 10) \g /dev/null
