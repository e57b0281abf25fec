#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The rest of the family around `kmalloc`. Source: `include/linux/slab.h`, `mm/slab_common.c`.
extension SlabAllocator {
  /// Allocates zeroed memory (`kzalloc`).
  public final func kzalloc(
    _ size: Int, gfp: GFPFlags = .kernel, cpu: CPU, file: StaticString = #fileID, line: UInt = #line
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    try kmalloc(
      size, gfp: gfp.union(.zero), cpu: cpu, site: CallSite(file: file, line: line))
  }

  /// Allocates an array of `count` elements of `size` bytes (`kmalloc_array`); nil when the product overflows.
  public final func kmallocArray(
    _ count: Int, _ size: Int, gfp: GFPFlags = .kernel, cpu: CPU, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    guard let bytes = Self.product(count, size) else { return nil }
    return try kmalloc(bytes, gfp: gfp, cpu: cpu, site: CallSite(file: file, line: line))
  }

  /// Allocates a zeroed array (`kcalloc`); nil when the product overflows.
  public final func kcalloc(
    _ count: Int, _ size: Int, gfp: GFPFlags = .kernel, cpu: CPU, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    guard let bytes = Self.product(count, size) else { return nil }
    return try kmalloc(
      bytes, gfp: gfp.union(.zero), cpu: cpu, site: CallSite(file: file, line: line))
  }

  private static func product(_ count: Int, _ size: Int) -> Int? {
    guard count >= 0, size >= 0 else { return nil }
    let (bytes, overflows) = count.multipliedReportingOverflow(by: size)
    return overflows ? nil : bytes
  }

  /// Bytes that may be used of what a pointer points to (`ksize`).
  ///
  /// - Throws: ``SlabError/misuse(_:)`` for a pointer that is not allocated memory.
  public final func ksize(_ pointer: UnsafeMutableRawPointer?) throws(SlabError) -> Int {
    try ksize(pointer, site: .unknown)
  }

  private func ksize(
    _ pointer: UnsafeMutableRawPointer?, site: CallSite
  ) throws(SlabError) -> Int {
    let address = UInt(bitPattern: pointer)
    if address <= KmallocClass.zeroSizeAddress { return 0 }
    let id = owner(of: address)
    if id == Self.noCache {
      throw .misuse(reportWrongOwner(address, given: nil, site: site))
    }
    if id == Self.largeBlock { return pageSize << (try largeBlock(address, "ksize", site).order) }
    if id == Self.mixedPage { return try usableSizeElsewhere(address, site: site) }
    let cache = ObjectCache(states + Int(id))
    if let report = misplacement(address, cache) { throw .misuse(noted(report, site)) }
    return usableSize(address, cache)
  }

  /// Changes the size of an allocation, moving it when it does not fit (`krealloc`).
  ///
  /// Shrinking never moves nor frees. With `__GFP_ZERO` what is new is zero, provided that every call before had it
  /// too. A size of 0 frees.
  /// - Returns: nil when memory is short; the old allocation stays then.
  /// - Throws: ``SlabError/misuse(_:)`` for a pointer that is not allocated memory.
  public final func krealloc(
    _ pointer: UnsafeMutableRawPointer?, _ size: Int, gfp: GFPFlags = .kernel, cpu: CPU,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    let site = CallSite(file: file, line: line)
    if size == 0 {
      try kfree(pointer, cpu: cpu, site: site)
      return UnsafeMutableRawPointer(bitPattern: KmallocClass.zeroSizeAddress)
    }
    guard let pointer, UInt(bitPattern: pointer) > KmallocClass.zeroSizeAddress else {
      return try kmalloc(size, gfp: gfp, cpu: cpu, site: site)
    }
    let usable = try ksize(pointer, site: site)
    if size > 0, size <= usable {
      resizeInPlace(
        UInt(bitPattern: pointer), to: size, usable: usable, zero: gfp.contains(.zero))
      return pointer
    }
    guard let new = try kmalloc(size, gfp: gfp, cpu: cpu, site: site) else { return nil }
    memcpy(new, pointer, min(usable, size))
    try kfree(pointer, cpu: cpu, site: site)
    return new
  }

  /// Clears memory that held a secret before it frees it (`kfree_sensitive`).
  public final func kfreeSensitive(
    _ pointer: UnsafeMutableRawPointer?, cpu: CPU, file: StaticString = #fileID, line: UInt = #line
  ) throws(SlabError) {
    let site = CallSite(file: file, line: line)
    let usable = try ksize(pointer, site: site)
    if usable > 0 { pointer?.initializeMemory(as: UInt8.self, repeating: 0, count: usable) }
    try kfree(pointer, cpu: cpu, site: site)
  }
}
