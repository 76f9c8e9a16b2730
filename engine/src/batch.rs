//! Which training images make a step's batch, and how they are moved.

use squeeze_shaders::batch_gather::Pick;

use crate::config::TrainingConfig;
use crate::random::{Purpose, Stream};

/// The training images split for a run: those that are held out, and the others.
///
/// # Shapes
/// Places in the training set, `held_out` of them held out, in rising order.
#[derive(Default)]
pub(crate) struct Parts {
    pub train: Vec<u32>,
    pub held_out: Vec<u32>,
}

impl Parts {
    /// `held_out` images of `images`, chosen by the seed.
    pub fn new(seed: u64, images: usize, held_out: usize) -> Self {
        let mut places: Vec<u32> = (0..images as u32).collect();
        Stream::new(seed, Purpose::HeldOut, 0).shuffle(&mut places);
        let mut train = places.split_off(held_out);
        train.sort_unstable();
        places.sort_unstable();
        Self {
            train,
            held_out: places,
        }
    }
}

/// The training images of each batch: one random order an epoch, cut into batches that may span two
/// epochs. A pure function of seed and batch number.
pub(crate) struct Sampler {
    seed: u64,
    batch_size: usize,
    padding: i32,
    flip: bool,
    places: Vec<u32>,
    epoch: Option<usize>,
    order: Vec<u32>,
}

impl Sampler {
    /// Batches of the images at `places`.
    pub fn new(seed: u64, config: &TrainingConfig, places: Vec<u32>) -> Self {
        Self {
            seed,
            batch_size: config.batch_size,
            padding: config.crop_padding as i32,
            flip: config.flip,
            order: places.clone(),
            places,
            epoch: None,
        }
    }

    /// The images of batch `number`, counted from 0, augmented as configured.
    pub fn picks(&mut self, number: usize) -> Vec<Pick> {
        let mut stream = Stream::new(self.seed, Purpose::Augment, number);
        let images = self.order.len();
        (number * self.batch_size..(number + 1) * self.batch_size)
            .map(|position| {
                self.enter(position / images);
                // Three numbers an image, whatever is in use: switching one off moves no other.
                let side = 2 * self.padding as u32 + 1;
                let dy = stream.below(side) as i32 - self.padding;
                let dx = stream.below(side) as i32 - self.padding;
                let flip = stream.below(2) == 1;
                Pick {
                    place: self.order[position % images],
                    dy,
                    dx,
                    flip: flip && self.flip,
                }
            })
            .collect()
    }

    fn enter(&mut self, epoch: usize) {
        if self.epoch == Some(epoch) {
            return;
        }
        // From the same beginning each time, so that an order does not depend on the ones before.
        self.order.copy_from_slice(&self.places);
        Stream::new(self.seed, Purpose::Shuffle, epoch).shuffle(&mut self.order);
        self.epoch = Some(epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(seed: u64, crop_padding: usize, flip: bool) -> Sampler {
        let config = TrainingConfig {
            batch_size: 4,
            crop_padding,
            flip,
            ..TrainingConfig::default()
        };
        Sampler::new(seed, &config, (0..10).collect())
    }

    #[test]
    fn an_epoch_takes_every_image_once_and_depends_on_the_seed_alone() {
        let mut first = sampler(3, 0, false);
        let steps: Vec<Vec<Pick>> = (0..5).map(|step| first.picks(step)).collect();
        let all = steps.concat();
        for epoch in all.chunks(10) {
            let mut places: Vec<u32> = epoch.iter().map(|pick| pick.place).collect();
            places.sort_unstable();
            assert_eq!(places, (0..10).collect::<Vec<_>>());
        }
        assert_ne!(all[..10], all[10..]);
        // Any step alone, in any order: what a resumed run needs.
        let mut fresh = sampler(3, 0, false);
        assert_eq!(fresh.picks(4), steps[4]);
        assert_eq!(fresh.picks(2), steps[2]);
        assert_ne!(sampler(4, 0, false).picks(0), steps[0]);
    }

    #[test]
    fn augmentation_reaches_its_range_and_changes_no_choice() {
        let places = |mut sampler: Sampler| -> Vec<u32> {
            (0..50)
                .flat_map(|n| sampler.picks(n))
                .map(|pick| pick.place)
                .collect()
        };
        assert_eq!(places(sampler(1, 0, false)), places(sampler(1, 2, true)));
        let mut moved = sampler(1, 2, true);
        let picks: Vec<Pick> = (0..50).flat_map(|n| moved.picks(n)).collect();
        for shift in -2..=2 {
            assert!(picks.iter().any(|pick| pick.dy == shift));
            assert!(picks.iter().any(|pick| pick.dx == shift));
        }
        assert!(picks.iter().all(|p| p.dy.abs() <= 2 && p.dx.abs() <= 2));
        let flipped = picks.iter().filter(|pick| pick.flip).count();
        assert!((60..140).contains(&flipped), "{flipped} of 200");
        let mut plain = sampler(1, 0, false);
        assert!(
            plain
                .picks(0)
                .iter()
                .all(|p| (p.dy, p.dx, p.flip) == (0, 0, false))
        );
    }

    #[test]
    fn held_out_images_are_left_out_of_training() {
        let parts = Parts::new(5, 100, 30);
        assert_eq!((parts.train.len(), parts.held_out.len()), (70, 30));
        let mut all = [parts.train, parts.held_out].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert_ne!(
            Parts::new(6, 100, 30).held_out,
            Parts::new(5, 100, 30).held_out
        );
    }
}
