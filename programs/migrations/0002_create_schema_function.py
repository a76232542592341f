"""The extension that search needs, and the function by which the application role makes a programme's schema."""

from django.db import migrations

CREATE_SCHEMA = r"""
CREATE FUNCTION public.regulars_create_schema(schema_name text, template_fingerprint text) RETURNS void
LANGUAGE plpgsql
-- Runs as the owner role: the application may make a programme's schema, but owns nothing in it.
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
-- SQL functions of the template name tables of a schema that is only now being made.
SET check_function_bodies = off
AS $$
DECLARE
    template text;
BEGIN
    IF schema_name !~ '^p_[a-z][a-z0-9_]{0,60}$' THEN
        RAISE EXCEPTION 'not a programme schema: %', schema_name USING ERRCODE = 'invalid_schema_name';
    END IF;
    SELECT t.sql INTO template FROM public.programs_schematemplate t WHERE t.fingerprint = template_fingerprint;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no schema template for %', template_fingerprint USING ERRCODE = 'undefined_object';
    END IF;
    EXECUTE replace(template, 'regulars_template_schema', schema_name);
    EXECUTE format(
        'INSERT INTO %I.django_migrations (app, name, applied) '
        'SELECT app, name, applied FROM regulars_template_schema.django_migrations ORDER BY id',
        schema_name
    );
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("programs", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public", migrations.RunSQL.noop),
        migrations.RunSQL(CREATE_SCHEMA, "DROP FUNCTION public.regulars_create_schema(text, text)"),
    ]
