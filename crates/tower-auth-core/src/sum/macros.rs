//! The one line that makes a scheme a layer and a term of sums.

/// Makes a scheme a [`Layer`](tower_layer::Layer) and a term of sums, with `+` and `&`.
///
/// * `scheme!(key MyKey)` for a scheme that writes a header or query parameter of its own;
/// * `scheme!(finisher MyAuth)` for one that writes `Authorization`, or signs, and so has to run last;
/// * with generics: `scheme!(finisher [T: Clone, C] MyAuth<T, C>)`;
/// * `scheme!(slot(A::Slot) [A: Term] Wrapper<A>)` for one that takes the place of another.
///
/// Works in any crate, for that crate's own types, once they implement [`Scheme`](crate::Scheme), where there is an
/// example. It implements [`Term`](crate::Term), [`IntoSum`](crate::IntoSum), `Add`, `BitAnd` and `Layer`.
#[macro_export]
macro_rules! scheme {
    (key $($rest:tt)+) => { $crate::scheme!(slot($crate::KeySlot) $($rest)+); };
    (finisher $($rest:tt)+) => { $crate::scheme!(slot($crate::FinisherSlot) $($rest)+); };
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
        impl<$($generics)*> $crate::Term for $ty
        where
            $ty: $crate::Scheme,
        {
            type Slot = $slot;
        }

        impl<$($generics)*> $crate::IntoSum for $ty
        where
            $ty: $crate::Scheme,
        {
            type Keys = <$slot as $crate::__private::TermSlot>::Keys<Self>;
            type Finisher = <$slot as $crate::__private::TermSlot>::Finisher<Self>;

            fn into_sum(self) -> $crate::Sum<Self::Keys, Self::Finisher> {
                <$slot as $crate::__private::TermSlot>::sum(self)
            }
        }
    };
    (@operator $trait:ident, $method:ident, $ty:ty, [$($generics:tt)*]) => {
        impl<$($generics)*> ::std::ops::$trait<Right> for $ty
        where
            $ty: $crate::Scheme,
            Right: $crate::IntoSum,
            <$ty as $crate::IntoSum>::Keys: $crate::__private::Join<Right::Keys>,
            <$ty as $crate::IntoSum>::Finisher: $crate::__private::Join<Right::Finisher>,
        {
            type Output = $crate::Sum<
                <<$ty as $crate::IntoSum>::Keys as $crate::__private::Join<Right::Keys>>::Output,
                <<$ty as $crate::IntoSum>::Finisher as $crate::__private::Join<Right::Finisher>>::Output,
            >;

            #[track_caller]
            fn $method(self, right: Right) -> Self::Output {
                $crate::IntoSum::into_sum(self).plus(right)
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
