//! Which data set files may be, going by their names.
//!
//! Names are only a hint: the engine looks into the files and says if they are something else.

use squeeze_engine::config::DataKind;

/// The data set that files are to be read as, given the one that the visitor has chosen in the
/// list. `None` leaves it to what the files are.
pub fn kind_of<'a>(paths: impl Iterator<Item = &'a str>, chosen: DataKind) -> Option<DataKind> {
    let names: Vec<String> = paths.map(str::to_lowercase).collect();
    let any = |part: &str| names.iter().any(|name| name.contains(part));
    let ends = |end: &str| names.iter().any(|name| name.ends_with(end));
    if any("-idx3-") || any("-idx1-") || any(".idx") {
        // MNIST and Fashion-MNIST are files of the same names.
        let fashion = chosen == DataKind::FashionMnist || any("fashion");
        return fashion.then_some(DataKind::FashionMnist);
    }
    let archive = ends(".tar.gz") || ends(".tgz") || ends(".tar");
    if archive {
        return match chosen {
            _ if any("cifar-100") || any("cifar100") => Some(DataKind::Cifar100),
            _ if any("cifar-10") || any("cifar10") => Some(DataKind::Cifar10),
            DataKind::Cifar10 | DataKind::Cifar100 => Some(chosen),
            _ => None,
        };
    }
    (chosen == DataKind::Folder).then_some(DataKind::Folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_choice_together_tell_the_data_set() {
        use DataKind::{Cifar10, Cifar100, FashionMnist, Folder, Mnist};
        let idx = "train-images-idx3-ubyte.gz";
        for (path, chosen, kind) in [
            (idx, Mnist, None),
            (idx, Cifar10, None),
            (idx, FashionMnist, Some(FashionMnist)),
            ("fashion/train-images-idx3-ubyte", Mnist, Some(FashionMnist)),
            ("cifar-10-python.tar.gz", Mnist, Some(Cifar10)),
            ("cifar-100-binary.tar.gz", Cifar10, Some(Cifar100)),
            ("data.tar.gz", Cifar100, Some(Cifar100)),
            ("data.tar.gz", Folder, None),
            ("pets.zip", Folder, Some(Folder)),
            ("pets.zip", Mnist, None),
            ("pets/cat/1.png", Cifar10, None),
        ] {
            assert_eq!(
                kind_of([path].into_iter(), chosen),
                kind,
                "{path} {chosen:?}"
            );
        }
    }
}
