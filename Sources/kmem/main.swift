import Foundation

exit(Kmem(console: .standard).run(Array(CommandLine.arguments.dropFirst())))
