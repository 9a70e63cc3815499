//! Disks to be filled, and one that forgets what was not synced.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::tool;

/// A disk under a folder; taken away when the test ends, with the lab's folder above it.
pub(super) struct Disk {
    at: PathBuf,
    above: Option<PathBuf>,
}

impl Disk {
    /// A small disk in memory.
    #[track_caller]
    pub(super) fn small(above: &Path, at: &Path, size: &str) -> Self {
        std::fs::create_dir_all(at).expect("a folder can be made");
        let options = format!("size={size}");
        tool("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", &at.to_string_lossy()]);
        Self { at: at.to_owned(), above: Some(above.to_owned()) }
    }

    /// The disk of an image. Its journal is written when somebody syncs and else hardly ever.
    #[track_caller]
    pub(super) fn of_image(above: &Path, at: &Path, image: &Path) -> Self {
        std::fs::create_dir_all(at).expect("a folder can be made");
        let (image, path) = (image.to_string_lossy(), at.to_string_lossy());
        tool("mount", &["-o", "loop,commit=600", &image, &path]);
        Self { at: at.to_owned(), above: Some(above.to_owned()) }
    }

    /// Fills it to the last byte.
    #[track_caller]
    pub(super) fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a file can be made");
        let block = [0; 4096];
        while ballast.write_all(&block).is_ok() {}
        while ballast.write_all(&block[..1]).is_ok() {}
    }

    pub(super) fn empty(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast can be removed");
    }

    /// Takes it away and leaves the folder.
    pub(super) fn unmount(mut self) {
        self.above = None;
    }

    fn ballast(&self) -> PathBuf {
        self.at.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.at).status());
        if let Some(above) = &self.above {
            drop(std::fs::remove_dir_all(above));
        }
    }
}

/// An empty image; `None` where this machine has no loop devices.
pub(super) fn image(path: &Path) -> Option<()> {
    let file = File::create(path).expect("a file can be made");
    file.set_len(256 << 20).expect("it can be long");
    let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(path).status();
    let loops = Path::new("/dev/loop-control").exists();
    (loops && made.is_ok_and(|status| status.success())).then_some(())
}

/// What a power cut at this moment leaves: the image as the disk has it, without what still waits
/// in memory to be written.
#[track_caller]
pub(super) fn cut(image: &Path, left: &Path) {
    std::fs::copy(image, left).expect("an image can be copied");
}
