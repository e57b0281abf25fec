/// The sizes of kmalloc's caches. Source: `kmalloc_info` and `__kmalloc_index` in `mm/slab_common.c`.
public enum KmallocClass {
  /// Bytes, in ascending order.
  public static let sizes = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192]
  /// The largest size that comes from a cache (`KMALLOC_MAX_CACHE_SIZE`).
  public static let maxCacheSize = 8192
  /// The largest size there is (`KMALLOC_MAX_SIZE`).
  public static let maxSize = pageSize << maxOrder
  /// What `kmalloc(0)` returns: an address that cannot be dereferenced (`ZERO_SIZE_PTR`).
  public static let zeroSizeAddress: UInt = 16

  /// In the order in which Linux creates them: the two that are no powers of two come first.
  static let creationOrder = [96, 192, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192]
  /// One element for each multiple of 8 up to ``maxCacheSize``.
  static let tableCount = maxCacheSize / 8

  /// The position in ``sizes`` of the class for 1 to ``maxCacheSize`` bytes.
  static func index(of size: Int) -> Int { sizes.firstIndex { $0 >= size } ?? sizes.count - 1 }

  /// The size as it appears in a cache's name.
  static func label(_ size: Int) -> String { size < 1024 ? "\(size)" : "\(size / 1024)k" }

  /// What `kmalloc` of a number of bytes really hands out (`kmalloc_size_roundup`).
  ///
  /// 0 for 0; sizes that kmalloc refuses come back unchanged.
  public static func roundUp(_ size: Int) -> Int {
    if size <= 0 || size > maxSize { return size }
    if size <= maxCacheSize { return sizes[index(of: size)] }
    return pageSize << CacheLayout.order(ofBytes: size)
  }
}

/// Kinds of kmalloc caches, so that memory of different fate does not share slabs.
///
/// Source: `enum kmalloc_cache_type` and `kmalloc_type` in `include/linux/slab.h`.
public enum KmallocFamily: Int, CaseIterable, Hashable, Sendable {
  case normal
  /// Memory that a shrinker can get back.
  case reclaimable
  case dma
  /// Memory charged to a memory control group.
  case accounted

  var prefix: String {
    switch self {
    case .normal: "kmalloc-"
    case .reclaimable: "kmalloc-rcl-"
    case .dma: "dma-kmalloc-"
    case .accounted: "kmalloc-cg-"
    }
  }

  /// DMA goes before reclaimable, reclaimable before accounted.
  public init(_ gfp: GFPFlags) {
    if gfp.contains(.dma) {
      self = .dma
    } else if gfp.contains(.reclaimable) {
      self = .reclaimable
    } else {
      self = gfp.contains(.account) ? .accounted : .normal
    }
  }

  var flags: SlabFlags {
    switch self {
    case .normal: .noMerge
    case .reclaimable: .reclaimAccount
    case .dma: .cacheDMA
    case .accounted: .account
    }
  }
}
