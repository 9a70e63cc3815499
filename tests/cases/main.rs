//! The one integration binary: the built product, in real namespaces, judged from outside.

mod walls;
