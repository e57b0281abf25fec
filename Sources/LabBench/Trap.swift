/// What a worker writes to standard error before the addresses of the functions that were running when it trapped.
public let trapNote = "stopped at"

#if KIT_WORKER && os(Linux) && (arch(x86_64) || arch(arm64))
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #endif

  /// Where a signal's context keeps the registers (the kernel's `ucontext`, which does not change).
  private enum Context {
    #if arch(x86_64)
      static let counter = 40 + 8 * 16
      static let frame = 40 + 8 * 10
    #else
      static let counter = 176 + 8 + 8 * 32
      static let frame = 176 + 8 + 8 * 29
    #endif
  }

  /// Lets a trap say where it happened: most of Swift's traps name no line of the student's.
  func noteTraps() {
    var action = sigaction()
    action.__sigaction_handler.sa_sigaction = { _, _, context in
      if let context { writePlaces(context) }
      // Returns to the instruction that traps, which now ends the program.
    }
    action.sa_flags = SA_SIGINFO | Int32(bitPattern: UInt32(SA_RESETHAND))
    for signal in [SIGILL, SIGTRAP] { sigaction(signal, &action, nil) }
  }

  /// Writes one line with the address that trapped and those it would have returned to. Allocates nothing.
  private func writePlaces(_ context: UnsafeMutableRawPointer) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1_024) { line in
      var length = 0
      func put(_ byte: UInt8) {
        line[length] = byte
        length += 1
      }
      func put(address: UInt) {
        put(UInt8(ascii: " "))
        var shift = UInt.bitWidth - 4
        while shift >= 0 {
          let digit = UInt8(truncatingIfNeeded: address >> UInt(shift)) & 15
          put(digit < 10 ? 48 + digit : 87 + digit)
          shift -= 4
        }
      }
      for byte in trapNote.utf8 { put(byte) }
      put(address: context.load(fromByteOffset: Context.counter, as: UInt.self))
      var frame = context.load(fromByteOffset: Context.frame, as: UInt.self)
      for _ in 0..<40 {
        // Frames lie close together, each above the one before it; what else is there is no frame.
        guard frame & 7 == 0, let words = UnsafePointer<UInt>(bitPattern: frame) else { break }
        put(address: words[1])
        let next = words[0]
        guard next > frame, next - frame < 1 << 16 else { break }
        frame = next
      }
      put(UInt8(ascii: "\n"))
      _ = write(2, line.baseAddress, length)
    }
  }
#else
  func noteTraps() {}
#endif
