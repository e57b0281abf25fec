#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A stretch of zero bytes that is reserved at once and costs memory only where it is touched.
///
/// Starts at a multiple of 4 MiB, so that what is aligned in physical memory is aligned in the process too. Where the operating system has no `mmap`, the memory is allocated and zeroed. Private memory is
/// faster, since the system gives it in pages of 2 MiB; shared memory can be shown a second time elsewhere.
public final class Arena: @unchecked Sendable {
  /// Arenas from this size on ask for pages of 2 MiB where the system has them.
  private static let leastForHugePages = 4 << 20

  /// The size of the largest block of pages.
  private static let alignment = pageSize << maxOrder

  public let base: UnsafeMutableRawPointer
  public let byteCount: Int
  /// The file that holds shared memory's bytes, to be mapped again; nil for private memory.
  let file: Int32?

  /// - Parameter isShared: whether the bytes lie in a file without a name, which can be mapped again.
  /// - Throws: ``MachineError/noMemory(byteCount:)`` when the operating system refuses the reservation, or has no
  ///   such files.
  public init(byteCount: Int, isShared: Bool = false) throws(MachineError) {
    self.byteCount = byteCount
    if isShared {
      (base, file) = try Self.shared(byteCount: byteCount)
      return
    }
    file = nil
    #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
      let memory = try Self.reserve(byteCount: byteCount)
      base = memory
      #if os(Linux)
        // A fault for every 4 KiB costs many times what the allocator does for the page, and so do missing
        // translations. The price is a grain of 2 MiB in what "touched" means. Refusal is no failure.
        if byteCount >= Self.leastForHugePages { _ = madvise(memory, byteCount, MADV_HUGEPAGE) }
      #endif
    #else
      base = .allocate(byteCount: byteCount, alignment: Self.alignment)
      base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    #endif
  }

  #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
    /// Address space for private memory, at a multiple of ``alignment``: more is reserved, and both ends are given back.
    private static func reserve(byteCount: Int) throws(MachineError) -> UnsafeMutableRawPointer {
      #if canImport(Darwin)
        let flags = MAP_PRIVATE | MAP_ANON
      #else
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
      #endif
      let (reserved, overflows) = byteCount.addingReportingOverflow(alignment)
      guard !overflows,
        let memory = mmap(nil, reserved, PROT_READ | PROT_WRITE, flags, -1, 0),
        memory != MAP_FAILED
      else { throw .noMemory(byteCount: byteCount) }
      let before = -Int(bitPattern: memory) & (alignment - 1)
      let used = (byteCount + pageSize - 1) / pageSize * pageSize
      if before > 0 { munmap(memory, before) }
      let after = reserved - before - used
      if after > 0 { munmap(memory + before + used, after) }
      return memory + before
    }
  #endif

  /// Memory whose bytes lie in a file.
  private static func shared(
    byteCount: Int
  ) throws(MachineError) -> (UnsafeMutableRawPointer, Int32) {
    #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
      let file = namelessFile()
      guard file >= 0 else { throw .noMemory(byteCount: byteCount) }
      // Longer than what was written reads as zeros, and takes no room.
      if ftruncate(file, off_t(byteCount)) == 0,
        let place = try? reserve(byteCount: byteCount),
        let memory = mmap(
          place, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0),
        memory != MAP_FAILED
      {
        return (memory, file)
      }
      close(file)
    #endif
    throw .noMemory(byteCount: byteCount)
  }

  #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
    /// A file in memory where the system has such files, else an unlinked temporary one.
    private static func namelessFile() -> Int32 {
      #if os(Linux)
        // By name, since the C library declares `memfd_create` only for programs that ask for GNU extensions.
        typealias Create = @convention(c) (UnsafePointer<CChar>, UInt32) -> Int32
        if let symbol = dlsym(nil, "memfd_create") {
          let closeOnExec: UInt32 = 1
          let memory = unsafeBitCast(symbol, to: Create.self)("kernel memory", closeOnExec)
          if memory >= 0 { return memory }
        }
      #endif
      var path = Array("/tmp/kernel-memory-XXXXXX".utf8CString)
      let file = mkstemp(&path)
      if file >= 0 { unlink(path) }
      return file
    }
  #endif

  deinit {
    if let file { close(file) }
    #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
      munmap(base, byteCount)
    #else
      base.deallocate()
    #endif
  }
}
