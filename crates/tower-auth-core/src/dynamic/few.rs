//! One thing for some of the schemes, and no allocation while only one of them has any.

/// By the index of the scheme. None nearly always, or one: few schemes have credentials, and most of them are finishers.
pub(super) enum Few<T> {
    None,
    One(usize, T),
    Many(Vec<(usize, T)>), // by rising index
}

impl<T> Few<T> {
    /// Adds one. To be called with rising indices.
    pub(super) fn push(&mut self, index: usize, value: T) {
        *self = match std::mem::replace(self, Self::None) {
            Self::None => Self::One(index, value),
            Self::One(before, first) => Self::Many(vec![(before, first), (index, value)]),
            Self::Many(mut many) => {
                many.push((index, value));
                Self::Many(many)
            }
        };
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        match self {
            Self::One(at, value) => (*at == index).then_some(value),
            Self::None => None,
            Self::Many(many) => {
                let found = many.iter().find(|(at, _)| *at == index);
                found.map(|(_, value)| value)
            }
        }
    }

    /// Takes out what belongs to this index, leaving it out of the way of the others.
    pub(super) fn take(&mut self, index: usize) -> Option<T> {
        match self {
            Self::None => None,
            Self::One(at, _) if *at != index => None,
            Self::One(..) => match std::mem::replace(self, Self::None) {
                Self::One(_, value) => Some(value),
                _ => None,
            },
            Self::Many(many) => {
                let at = many.iter().position(|(at, _)| *at == index)?;
                Some(many.remove(at).1)
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let (one, many) = match self {
            Self::None => (None, &[][..]),
            Self::One(_, value) => (Some(value), &[][..]),
            Self::Many(many) => (None, &many[..]),
        };
        one.into_iter().chain(many.iter().map(|(_, value)| value))
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn what_is_put_in_comes_out_by_its_index() {
        for count in 0..4 {
            let mut few = Few::None;
            for index in 0..count {
                few.push(2 * index, index);
            }
            assert!(few.iter().copied().eq(0..count));
            for index in (0..count).rev() {
                assert_eq!(few.get(2 * index), Some(&index));
                assert_eq!(few.take(2 * index + 1), None);
                assert_eq!(few.take(2 * index), Some(index));
                assert_eq!(few.take(2 * index), None);
            }
            assert_eq!(few.iter().count(), 0);
        }
    }
}
