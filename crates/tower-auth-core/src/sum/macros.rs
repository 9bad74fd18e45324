//! The one line that makes a scheme a layer and a term of sums.

/// Makes a scheme a [`Layer`](tower_layer::Layer) and a term of sums, with `+` and `&`.
///
/// * `scheme!(key MyKey)` for a scheme that writes a header or query parameter of its own;
/// * `scheme!(finisher MyAuth)` for one that writes `Authorization`, or signs in it, and so has to run after the keys;
/// * `scheme!(seal MySeal)` for one that signs all that the others write, in headers of its own, and so runs last;
/// * with generics: `scheme!(finisher [T: Clone, C] MyAuth<T, C>)`;
/// * `scheme!(slot(A::Slot) [A: Term] Wrapper<A>)` for one that takes the place of another.
///
/// Works in any crate, for that crate's own types, once they implement [`Scheme`](crate::Scheme), where there is an
/// example. It implements [`Term`](crate::sum::Term), [`IntoSum`](crate::sum::IntoSum), `Add`, `BitAnd` and `Layer`.
#[macro_export]
macro_rules! scheme {
    (key $($rest:tt)+) => { $crate::scheme!(slot($crate::sum::KeySlot) $($rest)+); };
    (finisher $($rest:tt)+) => { $crate::scheme!(slot($crate::sum::FinisherSlot) $($rest)+); };
    (seal $($rest:tt)+) => { $crate::scheme!(slot($crate::sum::SealSlot) $($rest)+); };
    (slot($slot:ty) [$($generics:tt)+] $ty:ty) => {
        $crate::scheme!(@term $slot, $ty, [$($generics)+]);
        $crate::scheme!(@operator Add, add, $ty, [$($generics)+, Right]);
        $crate::scheme!(@operator BitAnd, bitand, $ty, [$($generics)+, Right]);
        $crate::scheme!(@layer $ty, [S, $($generics)+]);
    };
    (slot($slot:ty) $ty:ty) => {
        $crate::scheme!(@term $slot, $ty, []);
        $crate::scheme!(@operator Add, add, $ty, [Right]);
        $crate::scheme!(@operator BitAnd, bitand, $ty, [Right]);
        $crate::scheme!(@layer $ty, [S]);
    };
    (@term $slot:ty, $ty:ty, [$($generics:tt)*]) => {
        impl<$($generics)*> $crate::sum::Term for $ty
        where
            $ty: $crate::Scheme,
        {
            type Slot = $slot;
        }

        impl<$($generics)*> $crate::sum::IntoSum for $ty
        where
            $ty: $crate::Scheme,
        {
            type Keys = <$slot as $crate::sum::TermSlot>::Keys<Self>;
            type Finisher = <$slot as $crate::sum::TermSlot>::Finisher<Self>;
            type Seal = <$slot as $crate::sum::TermSlot>::Seal<Self>;

            fn into_sum(self) -> $crate::sum::Sum<Self::Keys, Self::Finisher, Self::Seal> {
                <$slot as $crate::sum::TermSlot>::sum(self)
            }
        }
    };
    (@operator $trait:ident, $method:ident, $ty:ty, [$($generics:tt)*]) => {
        impl<$($generics)*> ::std::ops::$trait<Right> for $ty
        where
            $ty: $crate::Scheme,
            Right: $crate::sum::IntoSum,
            <$ty as $crate::sum::IntoSum>::Keys: $crate::sum::Join<Right::Keys>,
            <$ty as $crate::sum::IntoSum>::Finisher: $crate::sum::Join<Right::Finisher>,
            <$ty as $crate::sum::IntoSum>::Seal: $crate::sum::Join<Right::Seal>,
        {
            type Output = $crate::sum::Sum<
                <<$ty as $crate::sum::IntoSum>::Keys as $crate::sum::Join<Right::Keys>>::Output,
                <<$ty as $crate::sum::IntoSum>::Finisher as $crate::sum::Join<Right::Finisher>>::Output,
                <<$ty as $crate::sum::IntoSum>::Seal as $crate::sum::Join<Right::Seal>>::Output,
            >;

            #[track_caller]
            fn $method(self, right: Right) -> Self::Output {
                $crate::sum::IntoSum::into_sum(self).plus(right)
            }
        }
    };
    (@layer $ty:ty, [$($generics:tt)*]) => {
        impl<$($generics)*> $crate::__private::Layer<S> for $ty
        where
            $ty: $crate::Scheme,
        {
            type Service = <<$ty as $crate::Scheme>::Mode as $crate::Mode>::Service<
                S,
                $ty,
                $crate::replay::NoReplay,
            >;

            fn layer(&self, inner: S) -> Self::Service {
                <<$ty as $crate::Scheme>::Mode as $crate::Mode>::wrap(
                    inner,
                    ::std::clone::Clone::clone(self),
                    ::std::default::Default::default(),
                    $crate::replay::NoReplay,
                )
            }
        }
    };
}
