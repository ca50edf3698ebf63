from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator

from heldout.errors import Problem
from heldout.site.catalog.datasheets import publishing_problems
from heldout.site.catalog.importing import RESERVED, SLUG
from heldout.site.catalog.models import DataSet, Visibility

# Django's forms take their type from the stubs only.
if TYPE_CHECKING:
    _Form = forms.ModelForm[DataSet]
else:
    _Form = forms.ModelForm

_is_slug = RegexValidator(
    rf"^(?:{SLUG.pattern})\Z",
    "Use small letters, digits and single hyphens, as in street-signs.",
)


class AboutForm(_Form):
    in_the_way: Sequence[Problem] = ()
    creator = forms.CharField(max_length=200, required=False, help_text="Who made the data.")
    keywords = forms.CharField(max_length=300, required=False, help_text="Separated by commas.")

    class Meta:
        model = DataSet
        fields = ("title", "summary", "license", "visibility")
        widgets = {"visibility": forms.RadioSelect}  # noqa: RUF012 - as Django wants it
        help_texts = {  # noqa: RUF012
            "summary": "One or two sentences: what is in the data, and from where.",
            "license": "A short name, such as CC-BY-4.0.",
        }
        labels = {"visibility": "Who sees it", "license": "Licence"}  # noqa: RUF012

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["visibility"].required = True
        self.fields["visibility"].choices = Visibility.choices  # type: ignore[attr-defined]
        about = self.instance.about or {}
        self.fields["creator"].initial = about.get("creator", "")
        self.fields["keywords"].initial = ", ".join(about.get("keywords", ()))

    def clean(self) -> dict[str, Any] | None:
        """What is shown to everybody has its required questions answered."""
        asked = self.cleaned_data.get("visibility")
        shown = self.initial.get("visibility") if self.instance.pk else Visibility.PRIVATE
        if asked == Visibility.PUBLIC and shown != Visibility.PUBLIC:
            self.in_the_way = publishing_problems(self.instance)
            if self.in_the_way:
                self.add_error("visibility", "The datasheet is not complete.")
        return super().clean()

    def save(self, commit: bool = True) -> DataSet:
        words = self.cleaned_data["keywords"].split(",")
        keywords = [one.strip() for one in words if one.strip()]
        creator = self.cleaned_data["creator"]
        self.instance.about = {**self.instance.about, "creator": creator, "keywords": keywords}
        return super().save(commit)


class UploadForm(forms.Form):
    file = forms.FileField(
        label="The data",
        help_text="A ZIP of a folder (images with COCO, Pascal VOC, YOLO, LabelMe, CVAT or Label Studio "
        "files, or one folder per class), or one table: CSV, JSON Lines or Parquet.",
    )
    lenient = forms.BooleanField(
        required=False,
        label="Leave out what is at fault instead of refusing the whole",
    )
    notes = forms.CharField(
        max_length=2000,
        required=False,
        label="What is new",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class AddForm(AboutForm):
    slug = forms.CharField(
        max_length=60,
        validators=[_is_slug],
        label="Name in addresses",
        help_text="Small letters, digits, hyphens: street-signs.",
    )
    file = UploadForm.base_fields["file"]
    lenient = UploadForm.base_fields["lenient"]
    field_order = ("file", "lenient", "title", "slug", "summary", "license", "creator", "keywords")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # What is new is its owner's alone until its datasheet is complete.
        del self.fields["visibility"]
        self.instance.visibility = Visibility.PRIVATE

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug in RESERVED or DataSet.objects.filter(slug=slug).exists():
            raise forms.ValidationError("This name is taken. Choose another.")
        return slug
