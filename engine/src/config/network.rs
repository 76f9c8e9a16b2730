//! [`NetworkKind`]: the architectures, by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A network architecture (`recipe.md`, "Architectures"). Files, flags and links hold its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum NetworkKind {
    /// `small-cnn`: conv3x3-16, relu, pool2, conv3x3-32, relu, pool2, fc 128, relu, fc C.
    #[default]
    SmallCnn,
    /// `mnist-cnn`: conv5x5-32, relu, pool2, conv5x5-64, relu, pool2, fc 1024, relu, fc C; the
    /// MNIST challenge network.
    MnistCnn,
    /// `resnet-d`, d = 6n + 2 with n blocks a stage: the CIFAR ResNets with parameter-free
    /// shortcuts (He et al. 2016, arXiv:1512.03385, section 4.2).
    ResNet {
        /// Layers with weights; 8 and 20 are the ones that interfaces list.
        depth: u16,
    },
    /// `wrn-d-k`: Wide ResNet with k times 16, 32 and 64 filters. With d = 6n + 4 it is that of
    /// Zagoruyko and Komodakis (2016, arXiv:1605.07146); with d = 6n + 2 that of the CIFAR-10
    /// challenge (Madry et al. 2018), as the paper's `wrn-32-10`.
    Wrn {
        /// Layers with weights.
        depth: u16,
        /// The widening factor k.
        width: u16,
    },
}

/// Deepest and widest network that a name may ask for: beyond it a typing error is likelier.
const MAX_DEPTH: u16 = 200;
const MAX_WIDTH: u16 = 32;

impl NetworkKind {
    /// The networks that an interface lists, in its order.
    pub const LISTED: [Self; 8] = [
        Self::SmallCnn,
        Self::MnistCnn,
        Self::ResNet { depth: 8 },
        Self::ResNet { depth: 20 },
        Self::Wrn {
            depth: 16,
            width: 4,
        },
        Self::Wrn {
            depth: 28,
            width: 10,
        },
        Self::Wrn {
            depth: 34,
            width: 10,
        },
        Self::Wrn {
            depth: 32,
            width: 10,
        },
    ];

    /// The name used in files, flags and links.
    pub fn name(self) -> String {
        self.to_string()
    }

    /// Residual units in each of the three stages; `None` for the plain networks.
    pub fn units(self) -> Option<usize> {
        match self {
            Self::SmallCnn | Self::MnistCnn => None,
            Self::ResNet { depth } => Some(usize::from((depth - 2) / 6)),
            Self::Wrn { depth, .. } => Some(usize::from((depth - 2) / 6)),
        }
    }

    /// True for a `wrn-d-k` in the form of the CIFAR-10 challenge (d = 6n + 2): leaky units,
    /// shortcuts by average pooling and zero channels.
    pub fn is_challenge_form(self) -> bool {
        matches!(self, Self::Wrn { depth, .. } if depth % 6 == 2)
    }
}

impl fmt::Display for NetworkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SmallCnn => f.write_str("small-cnn"),
            Self::MnistCnn => f.write_str("mnist-cnn"),
            Self::ResNet { depth } => write!(f, "resnet-{depth}"),
            Self::Wrn { depth, width } => write!(f, "wrn-{depth}-{width}"),
        }
    }
}

/// A name that is no network's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no network: write small-cnn, mnist-cnn, resnet-8, resnet-20 (any resnet-d with d = 6n + 2) or wrn-d-k such as wrn-16-4, wrn-28-10 or wrn-32-10 (d = 6n + 4, or 6n + 2 for the challenge's form)"
)]
pub struct NetworkNameError(String);

impl FromStr for NetworkKind {
    type Err = NetworkNameError;

    fn from_str(name: &str) -> Result<Self, NetworkNameError> {
        let unknown = || NetworkNameError(name.to_owned());
        let number = |text: &str, most| {
            let number: u16 = text.parse().map_err(|_| unknown())?;
            // Only the plain spelling is a name: no sign, no leading zero.
            let plain = number >= 1 && number <= most && number.to_string() == text;
            plain.then_some(number).ok_or_else(unknown)
        };
        let depth = |text, rests: &[u16]| {
            let depth = number(text, MAX_DEPTH)?;
            (depth >= 8 && rests.contains(&(depth % 6)))
                .then_some(depth)
                .ok_or_else(unknown)
        };
        match name {
            "small-cnn" => Ok(Self::SmallCnn),
            "mnist-cnn" => Ok(Self::MnistCnn),
            _ => match name.split('-').collect::<Vec<_>>()[..] {
                ["resnet", d] => Ok(Self::ResNet {
                    depth: depth(d, &[2])?,
                }),
                ["wrn", d, k] => Ok(Self::Wrn {
                    depth: depth(d, &[2, 4])?,
                    width: number(k, MAX_WIDTH)?,
                }),
                _ => Err(unknown()),
            },
        }
    }
}

impl TryFrom<String> for NetworkKind {
    type Error = NetworkNameError;

    fn try_from(name: String) -> Result<Self, NetworkNameError> {
        name.parse()
    }
}

impl From<NetworkKind> for String {
    fn from(kind: NetworkKind) -> Self {
        kind.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_and_networks_are_the_same_thing() {
        for kind in NetworkKind::LISTED {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        let paper: NetworkKind = "wrn-32-10".parse().unwrap();
        assert_eq!(paper.units(), Some(5));
        assert!(paper.is_challenge_form());
        let wide: NetworkKind = "wrn-16-4".parse().unwrap();
        assert_eq!(wide.units(), Some(2));
        assert!(!wide.is_challenge_form());
        assert_eq!("resnet-8".parse::<NetworkKind>().unwrap().units(), Some(1));
    }

    #[test]
    fn other_names_are_refused_with_the_right_ones() {
        for name in [
            "", "resnet", "resnet-9", "resnet-2", "resnet-08", "resnet-+8", "wrn-16", "wrn-17-4",
            "wrn-16-0", "wrn-16-4-1", "wrn-16-99", "resnet-65538", "SMALL-CNN",
        ] {
            let error = name.parse::<NetworkKind>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
            assert!(error.contains("wrn-32-10"), "{error}");
        }
    }
}
