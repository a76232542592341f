-- Whose name sounds like what was typed, the closest first: who shares most of its trigrams or, where nobody does, who
-- shares as many as the threshold says. Two slips in a name of two words leave little more than a third of them.
-- What most addresses have in common ("comm", "gmaill") is near everybody: of so many only some are compared, which
-- takes the trigram index, whatever the planner makes of the limit. The threshold of the extension is set for each
-- question alone, and not by a clause of the function: before the extension is loaded only a superuser may write such a
-- one.
CREATE OR REPLACE FUNCTION customers_sounding_like(typed text, threshold numeric) RETURNS SETOF bigint
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    usual text;
    step numeric;
BEGIN
    PERFORM public.word_similarity('', '');  -- loads the extension, which knows its setting then
    usual := current_setting('pg_trgm.word_similarity_threshold');
    FOREACH step IN ARRAY ARRAY[greatest(threshold, 0.6), threshold] LOOP
        PERFORM set_config('pg_trgm.word_similarity_threshold', step::text, true);
        RETURN QUERY
            SELECT near.id FROM (
                SELECT c.id, c.search_text FROM customers_customer c WHERE c.search_text OPERATOR(public.%>) $1 LIMIT 5000
            ) AS near
            ORDER BY near.search_text OPERATOR(public.<->>) $1, near.id LIMIT 200;
        EXIT WHEN FOUND;
    END LOOP;
    PERFORM set_config('pg_trgm.word_similarity_threshold', usual, true);
END
$$;
