"""A site's own images, built once from the compiled definitions and kept: the need `images of SITE`.

`definitions` reads what the compiler wrote of them, `builder` is a machine of its own to build in (namespaces over a
root file system), `base` makes what the images start from, `site` puts it together: a layer that a room is laid over,
with the registry's storage and the unpacked tree in it, so that a twin starts with its images in place.
"""

from afspec.twin.images.definitions import Definition, definitions, digests_path, unpacked_paths
from afspec.twin.images.site import SiteImages, site_images

__all__ = ["Definition", "SiteImages", "definitions", "digests_path", "site_images", "unpacked_paths"]
