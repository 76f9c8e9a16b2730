//! What a data set that does not come with the page needs, and where to get it.

use leptos::prelude::*;
use squeeze_engine::config::DataKind;

use crate::controls::number::NumberField;
use crate::files::drop::Purpose;
use crate::files::pick::{Choice, PickButton};
use crate::state::field::Field;
use crate::state::lab::Lab;

/// What a data set needs.
#[component]
pub fn Needs(
    /// The data set.
    kind: DataKind,
    /// Nothing can be loaded at present.
    #[prop(into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    let lab = Lab::get();
    let take = move |files| lab.take_files(Purpose::Data, files);
    let link = |address: &'static str, words: &'static str| {
        view! {
            <a href=address target="_blank" rel="noreferrer">
                {words}
            </a>
        }
    };
    let cifar = "https://www.cs.toronto.edu/~kriz/cifar.html";
    let what = match kind {
        // It comes with the page.
        DataKind::Mnist => ().into_any(),
        DataKind::FashionMnist => view! {
            "Needs its four files, "
            <code>"train-images-idx3-ubyte.gz"</code>
            " and so on, from "
            {link("https://github.com/zalandoresearch/fashion-mnist", "Fashion-MNIST’s page")}
            "."
        }
        .into_any(),
        DataKind::Cifar10 => view! {
            "Needs "
            <code>"cifar-10-binary.tar.gz"</code>
            " or "
            <code>"cifar-10-python.tar.gz"</code>
            " as it comes, from "
            {link(cifar, "CIFAR’s page")}
            "."
        }
        .into_any(),
        DataKind::Cifar100 => view! {
            "Needs "
            <code>"cifar-100-binary.tar.gz"</code>
            " or "
            <code>"cifar-100-python.tar.gz"</code>
            " as it comes, from "
            {link(cifar, "CIFAR’s page")}
            "."
        }
        .into_any(),
        DataKind::Folder => view! {
            "Your own images: a folder, or a .zip, with one folder of images for each class. Folders "
            <code>"train"</code>
            " and "
            <code>"test"</code>
            " around them are kept apart."
        }
        .into_any(),
    };
    let buttons = if kind == DataKind::Folder {
        view! {
            <PickButton
                label="Choose a folder…"
                test_id="data-folder"
                choice=Choice::Folder
                disabled=disabled
                picked=take
            />
            <PickButton
                label="Choose a .zip…"
                test_id="data-files"
                choice=Choice::File
                accept=".zip"
                disabled=disabled
                picked=take
            />
        }
        .into_any()
    } else {
        view! {
            <PickButton
                label="Choose the files…"
                test_id="data-files"
                choice=Choice::Files
                disabled=disabled
                picked=take
            />
        }
        .into_any()
    };
    view! {
        <div class="needs" data-testid="data-needs">
            <p>{what}</p>
            {(kind == DataKind::Folder)
                .then(|| {
                    view! {
                        <div class="field-pair">
                            <NumberField field=Field::ImageSize />
                            <NumberField field=Field::TestShare />
                        </div>
                    }
                })}
            <div class="needs-ways">
                {buttons}
                <p class="hint">
                    "Or drop files anywhere on this page. They are read on this device and never \
                     uploaded."
                </p>
            </div>
        </div>
    }
}
