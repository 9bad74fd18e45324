//! The system's allocator, counting.

#![expect(
    unsafe_code,
    reason = "`GlobalAlloc` is an unsafe trait; every call is handed on unchanged"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    // Neither lazy nor dropped, so the allocator may use it at any time. By thread: others cannot spoil the count.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often this thread has allocated, or grown what it had.
pub fn allocations() -> u64 {
    COUNT.get()
}

fn count() {
    COUNT.set(COUNT.get() + 1);
}

// SAFETY: the system's allocator does the work, and our caller's promises are the ones it asks for.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn allocations_and_growth_are_counted() {
        let before = allocations();
        let mut bytes = black_box(Vec::<u8>::with_capacity(1));
        bytes.extend_from_slice(black_box(&[0; 100]));
        black_box(&bytes);
        assert_eq!(allocations() - before, 2);
    }
}
