/// The vocabulary of recordings of a real kernel: what Linux's kmem events say was asked for and given back.
///
/// The layers are recorded as the kernel traces them, one over the other: a slab's pages are `pages`
/// operations of their own, and so are those of a large kmalloc (`include/trace/events/kmem.h`, Linux 6.12).
public enum KernelRecording {
  /// The verbs, at the indices of ``KernelVerb``.
  public static let vocabulary = Vocabulary(
    name: "KernelRecording", verbs: KernelVerb.allCases.map(\.definition))
}

/// A verb of ``KernelRecording``; its raw value is the index in the vocabulary.
public enum KernelVerb: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  case pages, freePages, splitPages
  case kmalloc, kfree, cacheAlloc, cacheFree
  case vmalloc, vfree, mapArea, unmapArea, purgeAreas

  /// Whether the page allocator performs the verb; the others are of the slab and vmalloc layers.
  public var isOfPages: Bool { rawValue <= KernelVerb.splitPages.rawValue }

  /// Whether the verb asks for memory; the others give some back, or split it.
  public var allocates: Bool {
    switch self {
    case .pages, .kmalloc, .cacheAlloc, .vmalloc, .mapArea: true
    case .freePages, .splitPages, .kfree, .cacheFree, .vfree, .unmapArea, .purgeAreas: false
    }
  }

  /// Whether the verb names what an earlier operation got.
  public var takesHandle: Bool { !allocates && self != .purgeAreas }

  /// Whether objects of kmalloc or of a cache are meant.
  public var isOfObjects: Bool {
    switch self {
    case .kmalloc, .kfree, .cacheAlloc, .cacheFree: true
    default: false
    }
  }

  /// The verb's name, parameters and meaning.
  public var definition: Verb {
    let order = Parameter("order", .number)
    let gfp = Parameter("gfp", .text)
    let cpu = Parameter("cpu", .number)
    let block = Parameter("", .block)
    let object = [
      Parameter("size", .number), Parameter("given", .number), gfp, Parameter("node", .number),
      Parameter("accounted", .number), cpu,
    ]
    let area = [Parameter("size", .number), Parameter("align", .number)]
    return switch self {
    case .pages:
      Verb(
        "pages", [order, gfp, Parameter("type", .number), cpu, Parameter("frame", .number)],
        "Asks for a block of 2^order page frames; answers its first frame.")
    case .freePages:
      Verb(
        "free-pages", [block, order, cpu], "Gives back a block, or 2^order pages of a split one.")
    case .splitPages:
      Verb("split-pages", [block], "Makes a block's pages blocks of order 0, each freed by itself.")
    case .kmalloc:
      Verb("kmalloc", object, "Asks for an object of size bytes; answers its address.")
    case .kfree:
      Verb("kfree", [block, cpu], "Gives back an object of kmalloc, or of a cache.")
    case .cacheAlloc:
      Verb("cache-alloc", object, "Asks a cache for an object; answers its address.")
    case .cacheFree:
      Verb(
        "cache-free", [block, Parameter("cache", .text), cpu], "Gives an object back to its cache.")
    case .vmalloc:
      Verb("vmalloc", area + [gfp, cpu], "Asks for memory contiguous in virtual addresses alone.")
    case .vfree:
      Verb("vfree", [block, cpu], "Gives back memory of vmalloc.")
    case .mapArea:
      Verb(
        "map-area",
        area + [
          Parameter("low", .number), Parameter("high", .number), cpu, Parameter("page", .number),
        ], "Asks for a range of virtual addresses between two pages; answers its first page.")
    case .unmapArea:
      Verb(
        "unmap-area", [block, cpu], "Gives back a range of virtual addresses, to be used later.")
    case .purgeAreas:
      Verb("purge-areas", [cpu], "Makes the ranges given back so far usable.")
    }
  }
}
