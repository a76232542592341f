"""What search looks in holds letters without their marks; numbers are found by how they begin, names by their sound."""

from pathlib import Path

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0030_customer_by_country"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="customer",
            name="customer_search",
        ),
        migrations.RemoveField(
            model_name="customer",
            name="search_text",
        ),
        migrations.AddField(
            model_name="customer",
            name="search_text",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Concat(
                    models.Func(
                        django.db.models.functions.text.Replace(
                            django.db.models.functions.text.Replace(
                                django.db.models.functions.text.Replace(
                                    django.db.models.functions.text.Replace(
                                        django.db.models.functions.text.Lower(
                                            django.db.models.functions.text.Concat(
                                                models.F("first_name"),
                                                models.Value(" "),
                                                models.F("last_name"),
                                                models.Value(" "),
                                                models.F("email"),
                                                models.Value(" "),
                                                models.F("external_id"),
                                                output_field=models.TextField(),
                                            )
                                        ),
                                        models.Value("ß"),
                                        models.Value("ss"),
                                    ),
                                    models.Value("æ"),
                                    models.Value("ae"),
                                ),
                                models.Value("œ"),
                                models.Value("oe"),
                            ),
                            models.Value("þ"),
                            models.Value("th"),
                        ),
                        models.Value(
                            "àáâãäåçèéêëìíîïñòóôõöùúûüýÿāăąćĉċčďēĕėęěĝğġģĥĩīĭįĵķĺļľńņňōŏőŕŗřśŝşšţťũūŭůűųŵŷźżžǎǐǒǔǖǘǚǜșțḁḃḅḇḉḋḍḏḑḓḕḗḙḛḝḟḡḣḥḧḩḫḭḯḱḳḵḷḹḻḽḿṁṃṅṇṉṋṍṏṑṓṕṗṙṛṝṟṡṣṥṧṩṫṭṯṱṳṵṷṹṻṽṿẁẃẅẇẉẋẍẏẑẓẕẖẗẘẙạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹøđłıħŧð"
                        ),
                        models.Value(
                            "aaaaaaceeeeiiiinooooouuuuyyaaaccccdeeeeegggghiiiijklllnnnooorrrssssttuuuuuuwyzzzaiouuuuustabbbcdddddeeeeefghhhhhiikkkllllmmmnnnnoooopprrrrsssssttttuuuuuvvwwwwwxxyzzzhtwyaaaaaaaaaaaaeeeeeeeeiioooooooooooouuuuuuuyyyyodlihtd"
                        ),
                        function="translate",
                        output_field=models.TextField(),
                    ),
                    models.Value(" "),
                    models.Func(
                        django.db.models.functions.text.Replace(
                            django.db.models.functions.text.Replace(
                                django.db.models.functions.text.Replace(
                                    django.db.models.functions.text.Replace(
                                        django.db.models.functions.text.Lower(
                                            django.db.models.functions.text.Replace(
                                                django.db.models.functions.text.Replace(
                                                    django.db.models.functions.text.Replace(
                                                        django.db.models.functions.text.Replace(
                                                            django.db.models.functions.text.Replace(
                                                                django.db.models.functions.text.Lower(
                                                                    django.db.models.functions.text.Concat(
                                                                        models.F("first_name"),
                                                                        models.Value(" "),
                                                                        models.F("last_name"),
                                                                        output_field=models.TextField(),
                                                                    )
                                                                ),
                                                                models.Value("ä"),
                                                                models.Value("ae"),
                                                            ),
                                                            models.Value("ö"),
                                                            models.Value("oe"),
                                                        ),
                                                        models.Value("ü"),
                                                        models.Value("ue"),
                                                    ),
                                                    models.Value("ø"),
                                                    models.Value("oe"),
                                                ),
                                                models.Value("å"),
                                                models.Value("aa"),
                                            )
                                        ),
                                        models.Value("ß"),
                                        models.Value("ss"),
                                    ),
                                    models.Value("æ"),
                                    models.Value("ae"),
                                ),
                                models.Value("œ"),
                                models.Value("oe"),
                            ),
                            models.Value("þ"),
                            models.Value("th"),
                        ),
                        models.Value(
                            "àáâãäåçèéêëìíîïñòóôõöùúûüýÿāăąćĉċčďēĕėęěĝğġģĥĩīĭįĵķĺļľńņňōŏőŕŗřśŝşšţťũūŭůűųŵŷźżžǎǐǒǔǖǘǚǜșțḁḃḅḇḉḋḍḏḑḓḕḗḙḛḝḟḡḣḥḧḩḫḭḯḱḳḵḷḹḻḽḿṁṃṅṇṉṋṍṏṑṓṕṗṙṛṝṟṡṣṥṧṩṫṭṯṱṳṵṷṹṻṽṿẁẃẅẇẉẋẍẏẑẓẕẖẗẘẙạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹøđłıħŧð"
                        ),
                        models.Value(
                            "aaaaaaceeeeiiiinooooouuuuyyaaaccccdeeeeegggghiiiijklllnnnooorrrssssttuuuuuuwyzzzaiouuuuustabbbcdddddeeeeefghhhhhiikkkllllmmmnnnnoooopprrrrsssssttttuuuuuvvwwwwwxxyzzzhtwyaaaaaaaaaaaaeeeeeeeeiioooooooooooouuuuuuuyyyyodlihtd"
                        ),
                        function="translate",
                        output_field=models.TextField(),
                    ),
                    output_field=models.TextField(),
                ),
                output_field=models.TextField(),
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["search_text"], name="customer_search", opclasses=["gin_trgm_ops"]
            ),
        ),
        migrations.AddIndex(
            model_name="identifier",
            index=models.Index(
                condition=models.Q(("kind", "phone")),
                fields=["value"],
                name="identifier_phone_begins",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
        migrations.RunSQL((SQL / "customers_sounding_like.sql").read_text(), migrations.RunSQL.noop),
    ]
