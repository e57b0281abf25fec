/// What somebody who waits for a build may want to know.
public enum BuildNote: Hashable, Sendable {
  /// Stays on the screen.
  case lasting(String)
  /// Is of use for as long as it goes on.
  case passing(String)

  /// The kit's modules are built: once for each version of kit and compiler.
  static let kit = BuildNote.lasting(
    "building the kit's modules for your code; this is done once and takes some 10 seconds…")
}
