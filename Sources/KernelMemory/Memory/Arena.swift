#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A stretch of zero bytes that is reserved at once and costs memory only where it is touched.
///
/// Page-aligned. Where the operating system has no `mmap`, the memory is allocated and zeroed.
public final class Arena: @unchecked Sendable {
  /// Arenas from this size on ask for pages of 2 MiB where the system has them.
  private static let leastForHugePages = 4 << 20

  public let base: UnsafeMutableRawPointer
  public let byteCount: Int

  /// - Throws: ``MachineError/noMemory(byteCount:)`` when the operating system refuses the reservation.
  public init(byteCount: Int) throws(MachineError) {
    self.byteCount = byteCount
    #if canImport(Glibc) || canImport(Musl)
      let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    #elseif canImport(Darwin)
      let flags = MAP_PRIVATE | MAP_ANON
    #endif
    #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
      let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
      guard let memory, memory != MAP_FAILED else { throw .noMemory(byteCount: byteCount) }
      base = memory
      #if os(Linux)
        // A fault for every 4 KiB costs many times what the allocator does for the page, and so do missing
        // translations. The price is a grain of 2 MiB in what "touched" means. Refusal is no failure.
        if byteCount >= Self.leastForHugePages { _ = madvise(memory, byteCount, MADV_HUGEPAGE) }
      #endif
    #else
      base = .allocate(byteCount: byteCount, alignment: pageSize)
      base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    #endif
  }

  deinit {
    #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
      munmap(base, byteCount)
    #else
      base.deallocate()
    #endif
  }
}
